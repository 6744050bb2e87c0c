/** buildah builds images without a daemon and without a registry. Debian's, unpacked into the cache: nothing is installed. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { inFinalPlace, type Reporter } from '../cluster/build.ts'
import { inDebianCache, WITH_DEPENDENCIES } from '../cluster/debian.ts'
import { ClusterError } from '../cluster/errors.ts'
import { exec, lastLines, must } from '../cluster/exec.ts'
import { callerEnv } from '../cluster/paths.ts'

export interface Buildah {
  /** Standard output. @throws ClusterError with what buildah said */
  run(command: string, ...args: readonly string[]): Promise<string>
}

/** @param dir for its images and everything it keeps; to be removed by the caller */
export async function openBuildah(dir: string, report: Reporter): Promise<Buildah> {
  const root = join(await inDebianCache(['buildah', 'patchelf'], report, knowItsLibraries, WITH_DEPENDENCIES), 'root')
  const common = ['--root', join(dir, 'store'), '--runroot', join(dir, 'run'), '--storage-driver', 'vfs', '--registries-conf', join(root, 'etc/containers/registries.conf')]
  const trust = ['--signature-policy', join(root, 'etc/containers/policy.json')]
  return {
    run: async (command, ...args) => {
      const { code, stdout, stderr } = await exec(join(root, 'usr/bin/buildah'), [...common, command, ...(TRUSTING.has(command) ? trust : []), ...args], { env: { ...callerEnv(), TMPDIR: dir } })
      if (code !== 0) throw new ClusterError(`buildah ${command} ${args.join(' ')} failed: ${lastLines(`${stdout}${stderr}`, 8)}`)
      return stdout.trim()
    },
  }
}

/** Commands that read a policy of signatures, which they look for in /etc. */
const TRUSTING: ReadonlySet<string> = new Set(['bud', 'commit', 'push', 'pull'])

/**
 * It starts itself anew, with the environment of a RUN and before a mount of /proc: neither a variable that names them
 * nor a place relative to the program would do.
 */
async function knowItsLibraries(target: string): Promise<void> {
  const usr = join(target, 'root/usr')
  const triple = readdirSync(join(usr, 'lib')).find((name) => name.endsWith('-linux-gnu')) ?? ''
  const places = [usr, inFinalPlace(usr)].flatMap((each) => [join(each, 'lib', triple), join(each, '../lib', triple)]).join(':')
  await must(join(usr, 'bin/patchelf'), ['--force-rpath', '--set-rpath', places, join(usr, 'bin/buildah')])
  const { code, stderr } = await exec(join(usr, 'bin/buildah'), ['--version'])
  if (code !== 0) throw new ClusterError(`Debian's buildah does not start: ${lastLines(stderr, 1)}.`)
}
