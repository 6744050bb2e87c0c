/** Looks at the machine before anything is started, and says all that is missing at once. */
import { existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { missingTools } from './build.ts'
import { debianDir } from './debian.ts'
import { ClusterError } from './errors.ts'
import { exec, lastLines } from './exec.ts'
import { cacheDir, findOnPath, stateDir } from './paths.ts'
import { CONTROL_PLANE_TOOLS, NODE_TOOLS, tool } from './tools.ts'

const GB = 1e9

/** Bytes: the binaries take 0.7 GB; Go's own caches, for modules and compiled packages, 5.4 GB more. */
const CACHE_BYTES = 1 * GB
const GO_CACHE_BYTES = 6 * GB
/** Bytes: an idle cluster takes 0.2 GB; logs and containers of tests come on top. */
const STATE_BYTES = 1 * GB

/** Program -> Debian package that has it. */
const FOR_EVERY_CLUSTER = { flock: 'util-linux' }
const FOR_A_NODE = { ip: 'iproute2', nsenter: 'util-linux', unshare: 'util-linux', mount: 'mount', umount: 'mount', sh: 'dash' }
const FOR_PACKAGES = { 'apt-get': 'apt', 'dpkg-deb': 'dpkg' }

export interface Disk {
  readonly dir: string
  /** Bytes. */
  readonly free: number
  readonly needed: number
  /** Variable that moves it elsewhere. */
  readonly variable: string
}

export interface Machine {
  readonly platform: string
  readonly root: boolean
  readonly missingPrograms: readonly { readonly program: string; readonly package: string }[]
  /** What the kernel says to namespaces, when it refuses them. */
  readonly namespaces?: string
  /** Of the toolchain found, if something has to be built. */
  readonly go: { readonly needed: string; readonly found: string | undefined; readonly fetchesItself: boolean } | undefined
  readonly disks: readonly Disk[]
}

export async function assertMachine(needs: { readonly node: boolean }): Promise<void> {
  const found = problems(await lookAtMachine(needs), needs)
  if (found.length > 0) throw new ClusterError(found.join('\n'))
}

/** One sentence each that says what to do. */
export function problems(machine: Machine, needs: { readonly node: boolean }): readonly string[] {
  if (machine.platform !== 'linux') return [`A local cluster needs Linux, and this is ${machine.platform}: run it in a Linux virtual machine.`]
  const found: string[] = []
  if (needs.node && !machine.root) found.push('A node needs root for its namespaces, cgroups and mounts: run as root, or ask for the control plane only.')
  if (machine.namespaces !== undefined) found.push(`Root may make no namespaces here (${machine.namespaces}): run on the machine itself, or in a privileged container.`)
  for (const { program, package: name } of machine.missingPrograms) {
    found.push(name === 'apt' || name === 'dpkg'
      ? `The program ${program} is missing, and runc and iptables come from Debian packages: run on Debian or Ubuntu.`
      : `The program ${program} is missing: apt-get install ${name}.`)
  }
  if (machine.go !== undefined) {
    const { needed, found: version, fetchesItself } = machine.go
    if (version === undefined) found.push(`Go is missing, and the cluster's programs are built with it: install Go ${needed} or newer from https://go.dev/dl/.`)
    else if (isOlder(version, needed) && !(fetchesItself && !isOlder(version, '1.21'))) found.push(`Go ${version} is too old, ${needed} is needed: install a newer one from https://go.dev/dl/, or let it fetch one (GOTOOLCHAIN=auto).`)
  }
  for (const { dir, free, needed, variable } of machine.disks) {
    if (free < needed) found.push(`${dir} has ${gigabytes(free)} free and ${gigabytes(needed)} are needed: make room, or set ${variable} to a directory on another disk.`)
  }
  return found
}

async function lookAtMachine(needs: { readonly node: boolean }): Promise<Machine> {
  if (process.platform !== 'linux') return { platform: process.platform, root: false, missingPrograms: [], go: undefined, disks: [] }
  const unpack = needs.node && !existsSync(debianDir())
  const programs = { ...FOR_EVERY_CLUSTER, ...(needs.node ? FOR_A_NODE : {}), ...(unpack ? FOR_PACKAGES : {}) }
  const toBuild = missingTools([...CONTROL_PLANE_TOOLS, ...(needs.node ? NODE_TOOLS : [])])
  const disks: Disk[] = [disk(stateDir(), STATE_BYTES, 'KUBESKIPPY_STATE')]
  if (toBuild.length > 0) disks.push(disk(cacheDir(), CACHE_BYTES, 'KUBESKIPPY_CACHE'))
  const go = toBuild.length === 0 ? undefined : await lookAtGo(toBuild.map((name) => tool(name).goVersion))
  if (go?.cache !== undefined && toBuild.includes('kubernetes') && !isFilled(go.cache)) disks.push(disk(go.cache, GO_CACHE_BYTES, 'GOCACHE and GOMODCACHE'))
  const root = process.getuid?.() === 0
  const unshare = needs.node && root && findOnPath('unshare') !== undefined ? await exec('unshare', ['--mount', '--net', 'true']) : undefined
  return {
    platform: process.platform,
    root,
    ...(unshare === undefined || unshare.code === 0 ? {} : { namespaces: lastLines(unshare.stderr, 1) }),
    missingPrograms: Object.entries(programs).filter(([program]) => findOnPath(program) === undefined).map(([program, name]) => ({ program, package: name })),
    go, disks,
  }
}

async function lookAtGo(versions: readonly string[]): Promise<{ needed: string; found: string | undefined; fetchesItself: boolean; cache?: string }> {
  const needed = versions.reduce((newest, version) => isOlder(newest, version) ? version : newest)
  if (findOnPath('go') === undefined) return { needed, found: undefined, fetchesItself: false }
  const { stdout } = await exec('go', ['env', 'GOVERSION', 'GOTOOLCHAIN', 'GOCACHE'], { cwd: '/' })
  const [version = '', toolchain = '', cache = ''] = stdout.trim().split('\n')
  return { needed, found: version.replace(/^go/, '').split(' ')[0] ?? version, fetchesItself: toolchain !== 'local', cache }
}

/** A cache that an earlier build has filled grows little. */
function isFilled(goCache: string): boolean {
  return existsSync(`${goCache}/trim.txt`)
}

function disk(dir: string, needed: number, variable: string): Disk {
  let there = dir
  while (!existsSync(there)) there = dirname(there)
  const { bavail, bsize } = statfsSync(there)
  return { dir, free: bavail * bsize, needed, variable }
}

/** Numbers part by part; `1.26` is 1.26.0. */
export function isOlder(version: string, than: string): boolean {
  const parts = (text: string) => text.split('.').map((part) => Number.parseInt(part, 10) || 0)
  const [a, b] = [parts(version), parts(than)]
  for (let index = 0; index < 3; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

function gigabytes(bytes: number): string {
  return `${(bytes / GB).toFixed(1)} GB`
}
