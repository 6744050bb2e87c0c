/**
 * What stands in for the public images that the Dockerfile names, where there is no registry: the C library from Debian's
 * packages as the base, and Node and npm from their npm packages on top of it.
 */
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inCache, type Reporter } from '../cluster/build.ts'
import { ensureDebian, inDebianCache } from '../cluster/debian.ts'
import { must } from '../cluster/exec.ts'
import type { Buildah } from './buildah.ts'

export const BASE_IMAGE = 'localhost/kubeskippy-base:local'
export const NODE_IMAGE = 'localhost/kubeskippy-node:local'

/** Of npm, the one that comes with Node 24. */
const NPM = 'npm@11.21.2'
const NODE = process.versions.node
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'
const NODE_ENV = ['PATH=/usr/local/bin:/usr/bin:/bin', `SSL_CERT_FILE=${CERTIFICATES}`, `NODE_EXTRA_CA_CERTS=${CERTIFICATES}`]

export async function makeBases(buildah: Buildah, report: Reporter): Promise<void> {
  await commit(buildah, await baseRoot(report), BASE_IMAGE)
  await commit(buildah, await nodeRoot(report), NODE_IMAGE, NODE_ENV)
}

/**
 * For an image of another architecture than this machine's: of that only Node is there, since nothing of it is run.
 * The Node of this machine is beside it under the same name, as in a registry.
 * @param arch as Node calls it
 */
export async function makeForeignBases(buildah: Buildah, arch: string, report: Reporter): Promise<void> {
  const [own, foreign] = [process.arch, arch].map((each) => `localhost/kubeskippy-node-${each}:local`) as [string, string]
  await commit(buildah, await nodeRoot(report), own, NODE_ENV)
  const root = await inCache(`image-node-${NODE}-${arch}-2`, `Node for ${arch}`, report, async (target) => placeNode(arch, target))
  await commit(buildah, root, foreign, [], arch)
  await buildah.run('manifest', 'create', NODE_IMAGE)
  for (const name of [own, foreign]) await buildah.run('manifest', 'add', NODE_IMAGE, `containers-storage:${name}`)
}

/** Go's name, which images have. */
export const goArch = (arch: string): string => (arch === 'x64' ? 'amd64' : arch)

async function commit(buildah: Buildah, root: string, name: string, env: readonly string[] = [], arch: string = process.arch): Promise<void> {
  const container = await buildah.run('from', '--platform', `linux/${goArch(arch)}`, 'scratch')
  await buildah.run('copy', container, root, '/')
  await buildah.run('config', '--arch', goArch(arch), ...env.flatMap((pair) => ['--env', pair]), container)
  await buildah.run('commit', '--rm', container, name)
}

/** What Node is linked to, and no shell. */
async function baseRoot(report: Reporter): Promise<string> {
  const dir = await inDebianCache(['libc6', 'libgcc-s1', 'libstdc++6'], report, (target) => {
    rmSync(join(target, 'root/usr/share'), { recursive: true })
    return Promise.resolve()
  })
  return join(dir, 'root')
}

async function nodeRoot(report: Reporter): Promise<string> {
  const [base, { busybox }] = await Promise.all([baseRoot(report), ensureDebian(report)])
  const key = `image-node-${NODE}-${NPM.replace('@', '-')}-${process.arch}-2`
  return inCache(key, 'the image with Node', report, async (target) => {
    report.log(`downloading Node ${NODE} and ${NPM} (usually about 5 s)`)
    cpSync(base, target, { recursive: true, verbatimSymlinks: true })
    await placeNode(process.arch, target)
    await unpackNpm(NPM, join(target, 'usr/local/lib/node_modules/npm'))
    symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(target, 'usr/local/bin/npm'))
    await addShell(busybox, target)
    const file = (path: string, content: string | Buffer): void => {
      mkdirSync(dirname(join(target, path)), { recursive: true })
      writeFileSync(join(target, path), content)
    }
    file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n')
    file('etc/group', 'root:x:0:\n')
    // npm works there as it does here: by the same registry, and behind the same proxy.
    if (existsSync(CERTIFICATES)) file(CERTIFICATES, readFileSync(CERTIFICATES))
    file('usr/local/etc/npmrc', `registry=${(await must('npm', ['config', 'get', 'registry'])).trim()}\n`)
    for (const dir of ['tmp', 'root']) mkdirSync(join(target, dir), { recursive: true })
    chmodSync(join(target, 'tmp'), 0o1777)
  })
}

async function placeNode(arch: string, root: string): Promise<void> {
  const unpacked = join(root, 'unpacked')
  await unpackNpm(`node-linux-${arch}@${NODE}`, unpacked)
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true })
  renameSync(join(unpacked, 'bin/node'), join(root, 'usr/local/bin/node'))
  renameSync(join(unpacked, 'LICENSE'), join(root, 'usr/local/LICENSE'))
  rmSync(unpacked, { recursive: true })
}

async function addShell(busybox: string, root: string): Promise<void> {
  mkdirSync(join(root, 'bin'), { recursive: true })
  mkdirSync(join(root, 'usr/bin'), { recursive: true })
  copyFileSync(busybox, join(root, 'bin/busybox'))
  for (const applet of (await must(busybox, ['--list'])).trim().split('\n')) if (applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet))
  symlinkSync('/bin/busybox', join(root, 'usr/bin/env'))
}

/** npm checks what it downloads against the registry's own sum. */
async function unpackNpm(name: string, into: string): Promise<void> {
  mkdirSync(into, { recursive: true })
  await must('npm', ['pack', '--silent', '--pack-destination', into, name], { cwd: into })
  const archive = readdirSync(into).find((file) => file.endsWith('.tgz')) ?? ''
  await must('tar', ['--extract', '--gzip', '--file', join(into, archive), '--strip-components=1', '--no-same-owner', '--directory', into])
  rmSync(join(into, archive))
}
