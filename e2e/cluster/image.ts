/** The demo base image: busybox with all its applets, as a docker archive that containerd imports. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { inCache, type Reporter } from './build.ts'
import { must } from './exec.ts'
import { BUSYBOX_IMAGE } from './spec.ts'
import { tar } from './tar.ts'

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** Path of the archive. */
export async function ensureBusyboxImage(busybox: string, report: Reporter): Promise<string> {
  const key = `image-${basename(dirname(dirname(busybox)))}-1`
  const dir = await inCache(key, 'the demo image', report, async (target) => {
    const applets = (await must(busybox, ['--list'])).trim().split('\n')
    writeFileSync(join(target, 'busybox.tar'), imageArchive(readFileSync(busybox), applets, ARCHITECTURES[process.arch] ?? process.arch))
  })
  return join(dir, 'busybox.tar')
}

export function imageArchive(busybox: Buffer, applets: readonly string[], architecture: string): Buffer {
  const text = (path: string, content: string) => ({ kind: 'file', path, mode: 0o644, data: Buffer.from(content) } as const)
  const layer = tar([
    { kind: 'directory', path: 'bin', mode: 0o755 },
    { kind: 'file', path: 'bin/busybox', mode: 0o755, data: busybox },
    // A link of that name to itself would replace the program.
    ...applets.filter((applet) => applet !== 'busybox').map((applet) => ({ kind: 'link', path: `bin/${applet}`, target: 'busybox' } as const)),
    { kind: 'directory', path: 'etc', mode: 0o755 },
    text('etc/passwd', 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n'),
    text('etc/group', 'root:x:0:\nnogroup:x:65534:\n'),
    { kind: 'directory', path: 'tmp', mode: 0o1777 },
  ])
  const config = JSON.stringify({
    architecture, os: 'linux',
    // As the sandbox of a pod it must stay alive; workloads bring their own command.
    config: { Cmd: ['/bin/sleep', '2147483647'], Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(layer).digest('hex')}`] },
  })
  const manifest = JSON.stringify([{ Config: 'config.json', RepoTags: [BUSYBOX_IMAGE], Layers: ['layer.tar'] }])
  return tar([text('config.json', config), { kind: 'file', path: 'layer.tar', mode: 0o644, data: layer }, text('manifest.json', manifest)])
}
