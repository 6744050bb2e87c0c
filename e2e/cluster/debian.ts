/**
 * What is not built but taken from Debian: unpacked into the cache, nothing is installed on the machine.
 *
 * No versions or sums are pinned here: Debian replaces its packages with every security update and drops the old
 * ones, so a pin would break within weeks. What vouches for them is apt itself, which checks each file against the
 * sums in the index that Debian's archive key signed.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { basename, join } from 'node:path'
import { inCache, type Reporter } from './build.ts'
import { ClusterError } from './errors.ts'
import { exec, lastLines, must } from './exec.ts'
import { cacheDir } from './paths.ts'

/** iptables with the libraries that a minimal system lacks; libseccomp, which runc needs, is there since apt needs it too. */
const PACKAGES = ['runc', 'busybox-static', 'iptables', 'libxtables12', 'libip4tc2', 'libip6tc2', 'libmnl0', 'libnfnetlink0', 'libnetfilter-conntrack3', 'libnftnl11']

/** Prometheus and Alertmanager need nothing but the C library. */
const MONITORING_PACKAGES = ['prometheus', 'prometheus-alertmanager']

const IPTABLES_PROGRAMS = ['iptables', 'iptables-save', 'iptables-restore', 'ip6tables', 'ip6tables-save', 'ip6tables-restore']

/** Two ways into the kernel's packet filter: which of them it knows shows only when it is tried. */
export const IPTABLES_MODES = ['nft', 'legacy'] as const
export type IptablesMode = (typeof IPTABLES_MODES)[number]

export interface DebianPrograms {
  readonly runc: string
  readonly busybox: string
  /** Directory with `iptables` and its kin, to be put on the search path. */
  iptablesDir(mode: IptablesMode): string
}

export interface MonitoringPrograms {
  readonly prometheus: string
  readonly promtool: string
  readonly alertmanager: string
  /** What it expects to find as `/usr/share`. */
  readonly alertmanagerShare: string
}

export function debianDir(): string {
  return dirOf(PACKAGES)
}

const dirOf = (packages: readonly string[]): string => join(cacheDir(), debianKey(readFileSync('/etc/os-release', 'utf8'), process.arch, packages))

/** The release is part of the name: libraries of one do not run on another. */
export function debianKey(osRelease: string, arch: string, packages: readonly string[] = PACKAGES): string {
  const release = /^VERSION_CODENAME="?([\w.-]+)"?$/m.exec(osRelease)?.[1] ?? 'unknown'
  return `debian-${release}-${createHash('sha256').update(JSON.stringify([packages, arch, 2])).digest('hex').slice(0, 12)}`
}

export async function ensureDebian(report: Reporter): Promise<DebianPrograms> {
  const dir = await inDebianCache(PACKAGES, report, arrangeForNode)
  return {
    runc: join(dir, 'bin/runc'),
    busybox: join(dir, 'bin/busybox'),
    iptablesDir: (mode) => join(dir, `iptables-${mode}`),
  }
}

export async function ensureMonitoring(report: Reporter): Promise<MonitoringPrograms> {
  const usr = join(await inDebianCache(MONITORING_PACKAGES, report, async (target) => {
    const { code, stderr } = await exec(join(target, 'root/usr/bin/prometheus'), ['--version'])
    if (code !== 0) throw new ClusterError(`Debian's prometheus does not start: ${lastLines(stderr, 1)}.`)
  }), 'root/usr')
  const bin = (name: string): string => join(usr, 'bin', name)
  return { prometheus: bin('prometheus'), promtool: bin('promtool'), alertmanager: bin('prometheus-alertmanager'), alertmanagerShare: join(usr, 'share') }
}

/** The packages' files below `root`, and whatever is arranged beside it before anybody sees it. */
export async function inDebianCache(packages: readonly string[], report: Reporter, arrange: (target: string) => Promise<void>, fetching = ALONE): Promise<string> {
  const dir = dirOf(packages)
  return inCache(basename(dir), 'Debian packages', report, async (target) => {
    report.log(`downloading ${packages.length} Debian packages (usually about 2 s)`)
    await unpack(target, packages, fetching)
    await arrange(target)
  })
}

async function unpack(target: string, packages: readonly string[], fetching: Fetching): Promise<void> {
  const archives = join(target, 'archives')
  const root = join(target, 'root')
  mkdirSync(join(archives, 'partial'), { recursive: true })
  await download(archives, fetching(archives, packages))
  const files = readdirSync(archives).filter((file) => file.endsWith('.deb'))
  for (const file of files) await must('dpkg-deb', ['--extract', join(archives, file), root])
  writeFileSync(join(target, 'packages.txt'), files.join('\n') + '\n')
  rmSync(archives, { recursive: true })
}

async function arrangeForNode(target: string): Promise<void> {
  const root = join(target, 'root')
  mkdirSync(join(target, 'bin'))
  copyFileSync(join(root, existsSync(join(root, 'usr/sbin/runc')) ? 'usr/sbin/runc' : 'usr/bin/runc'), join(target, 'bin/runc'))
  copyFileSync(join(root, existsSync(join(root, 'bin/busybox')) ? 'bin/busybox' : 'usr/bin/busybox'), join(target, 'bin/busybox'))
  const { code, stderr } = await exec(join(target, 'bin/runc'), ['--version'])
  if (code !== 0) throw new ClusterError(`Debian's runc does not start: ${lastLines(stderr, 1)}; install what it lacks: apt-get install libseccomp2.`)
  for (const mode of IPTABLES_MODES) wrapIptables(target, mode)
}

/** Arguments of apt-get. */
type Fetching = (into: string, packages: readonly string[]) => readonly string[]

/** What they need is on every machine, or among them. */
const ALONE: Fetching = (_into, packages) => ['download', ...packages]

/** With what this machine lacks for them: their libraries have other names in other releases. Nothing is installed. */
export const WITH_DEPENDENCIES: Fetching = (into, packages) =>
  ['--yes', '--download-only', '--no-install-recommends', '--reinstall', '-o', 'Debug::NoLocking=1', '-o', `Dir::Cache::archives=${into}/`, 'install', ...packages]

async function download(into: string, command: readonly string[]): Promise<void> {
  // As root apt fetches as the user _apt, who may not write here: fetching as ourselves avoids a warning.
  const args = ['-o', 'APT::Sandbox::User=', ...command]
  const first = await exec('apt-get', args, { cwd: into })
  if (first.code === 0) return
  const update = await exec('apt-get', ['update'])
  const second = await exec('apt-get', args, { cwd: into })
  if (second.code !== 0) {
    throw new ClusterError(`apt-get ${command.join(' ')} failed: ${lastLines(second.stderr || update.stderr, 2)}; see that /etc/apt/sources.list names a reachable mirror.`)
  }
}

/** The programs find their libraries and extensions by these variables, not by the system's directories. */
function wrapIptables(target: string, mode: IptablesMode): void {
  const dir = join(target, `iptables-${mode}`)
  const lib = readdirSync(join(target, 'root/usr/lib')).find((name) => name.endsWith('-linux-gnu')) ?? ''
  mkdirSync(dir)
  for (const program of IPTABLES_PROGRAMS) {
    const file = join(dir, program)
    writeFileSync(file, [
      '#!/bin/sh',
      `root=\${0%/*}/../root`,
      `export LD_LIBRARY_PATH=$root/usr/lib/${lib}:$root/lib/${lib} XTABLES_LIBDIR=$root/usr/lib/${lib}/xtables`,
      `exec $root/usr/sbin/xtables-${mode}-multi ${program} "$@"`,
      '',
    ].join('\n'))
    chmodSync(file, 0o755)
  }
}
