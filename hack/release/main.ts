/**
 * `make release IMAGE=...`: everything that a release consists of besides the image, in dist/release, and its sums. Files that are there
 * already, such as the command line of another architecture, are kept and summed too.
 *
 *     node hack/release/main.ts REPOSITORY@sha256:DIGEST [FOLDER]
 *     node hack/release/main.ts cli [FOLDER]                        only the command line, for the machine that this runs on
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { parseDocument, stringify } from 'yaml'
import { VERSION } from '../../shared/lib/version.ts'
import { makeExecutable } from '../executable.ts'
import { parseImage, type ReleasedImage } from './image.ts'

const ROOT = join(import.meta.dirname, '../..')
const SUMS = 'SHA256SUMS'
/** As Go and the registries of images have it. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** Told beside whatever holds the programs. */
const WITH_BINARIES = ['licences.txt', 'sbom.cdx.json']

const execute = promisify(execFile)
async function run(program: string, ...args: readonly string[]): Promise<string> {
  try {
    return (await execute(program, args, { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 })).stdout
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw new Error(`${program} is missing: a release needs npm, tar, helm (3.14 or later) and kubectl on the PATH`, { cause })
    throw cause
  }
}

/** The npm package as a folder: beside `dist`, where somebody may be building something else. @returns its `dist` */
async function stagePackage(work: string): Promise<string> {
  const staged = join(work, 'npm')
  const dist = join(staged, 'dist')
  mkdirSync(dist, { recursive: true })
  for (const file of ['package.json', 'README.md', 'LICENSE']) copyFileSync(join(ROOT, file), join(staged, file))
  for (const step of ['hack/build.ts', 'hack/sbom.ts']) await run(process.execPath, step, dist)
  return dist
}

async function packCli(folder: string, work: string, dist: string): Promise<void> {
  const programs = join(work, 'cli')
  await makeExecutable(programs)
  copyFileSync(join(ROOT, 'LICENSE'), join(programs, 'LICENSE'))
  for (const name of WITH_BINARIES) copyFileSync(join(dist, name), join(programs, name))
  const archive = join(folder, `kubectl-kubeskippy-${VERSION}-${process.platform}-${ARCHITECTURES[process.arch] ?? process.arch}.tar.gz`)
  await run('tar', '--sort=name', '--owner=0', '--group=0', '--numeric-owner', '-czf', archive, '-C', programs, '.')
}

/** Its default image is the released one, by digest. */
async function packChart(folder: string, work: string, { repository, digest }: ReleasedImage): Promise<void> {
  const chart = join(work, 'chart')
  cpSync(join(ROOT, 'chart'), chart, { recursive: true })
  const values = parseDocument(readFileSync(join(chart, 'values.yaml'), 'utf8'))
  values.setIn(['image', 'repository'], repository)
  values.setIn(['image', 'digest'], digest)
  writeFileSync(join(chart, 'values.yaml'), values.toString())
  await run('helm', 'package', chart, '--destination', folder)
}

/** `kubectl apply --server-side -f` of one file, for those who have no Helm. */
async function renderManifests(folder: string, work: string, { repository, digest }: ReleasedImage): Promise<void> {
  cpSync(join(ROOT, 'config'), join(work, 'config'), { recursive: true })
  const overlay = join(work, 'overlay')
  mkdirSync(overlay)
  writeFileSync(join(overlay, 'kustomization.yaml'), stringify({ resources: ['../config'], images: [{ name: 'kubeskippy', newName: repository, digest }] }))
  writeFileSync(join(folder, `install-${VERSION}.yaml`), await run('kubectl', 'kustomize', overlay))
}

/** Of all files in the folder, as `sha256sum --check` reads them. */
function writeSums(folder: string): void {
  const files = readdirSync(folder).filter((name) => name !== SUMS).sort()
  writeFileSync(join(folder, SUMS), files.map((name) => `${createHash('sha256').update(readFileSync(join(folder, name))).digest('hex')}  ${name}\n`).join(''))
}

const [what = '', folder = join(ROOT, 'dist/release')] = process.argv.slice(2)
const work = mkdtempSync(join(tmpdir(), 'kubeskippy-release-'))
try {
  const image = what === 'cli' ? undefined : parseImage(what)
  mkdirSync(folder, { recursive: true })
  console.error('building the package, with its SBOM')
  const dist = await stagePackage(work)
  console.error('building the command line')
  await packCli(folder, work, dist)
  if (image !== undefined) {
    console.error('packing the package, the chart and the manifests')
    await run('npm', 'pack', '--ignore-scripts', '--pack-destination', work, join(work, 'npm'))
    // The chart's archive has the name that npm gives to its own.
    renameSync(join(work, `kubeskippy-${VERSION}.tgz`), join(folder, `kubeskippy-npm-${VERSION}.tgz`))
    await packChart(folder, work, image)
    await renderManifests(folder, work, image)
    for (const name of WITH_BINARIES) copyFileSync(join(dist, name), join(folder, name))
    writeSums(folder)
  }
  for (const name of readdirSync(folder).sort()) console.log(relative(process.cwd(), join(folder, name)))
} catch (cause) {
  console.error(cause instanceof Error ? cause.message : String(cause))
  process.exitCode = 1
} finally {
  rmSync(work, { recursive: true })
}
