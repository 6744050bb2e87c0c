/** The product's image, built from the checkout's own Dockerfile without a daemon, on bases that this machine can have. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inCache, type Reporter } from '../cluster/build.ts'
import { must } from '../cluster/exec.ts'
import { cacheDir } from '../cluster/paths.ts'
import { BASE_IMAGE, goArch, makeBases, makeForeignBases, NODE_IMAGE } from './bases.ts'
import { openBuildah, type Buildah } from './buildah.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** The node has it by this name: give pods `imagePullPolicy: Never`. */
export const PRODUCT_IMAGE = 'kubeskippy.local/kubeskippy:e2e'

export interface ProductImage {
  /** For `Cluster.loadImage`. */
  readonly archive: string
  /** Bytes, compressed: of what is above the base. */
  readonly size: number
  readonly config: ImageConfig
}

export interface ImageConfig {
  readonly architecture: string
  readonly config: Readonly<{ User?: string; Entrypoint?: readonly string[]; Cmd?: readonly string[] | null; Env?: readonly string[]; Labels?: Readonly<Record<string, string>> }>
}

/** Built once for each state of the sources. */
export async function productImage(report: Reporter): Promise<ProductImage> {
  const key = `${PREFIX}${sourcesHash()}`
  const dir = await inCache(key, "the product's image", report, async (target) => {
    forgetOlder(key)
    report.log('building the image from the Dockerfile (usually about 40 s)')
    const work = join(target, 'work')
    mkdirSync(work)
    try {
      const buildah = await openBuildah(work, report)
      await makeBases(buildah, report)
      await build(buildah, BASE_IMAGE)
      await buildah.run('push', PRODUCT_IMAGE, `docker-archive:${join(target, 'image.tar')}:${PRODUCT_IMAGE}`)
      writeFileSync(join(target, 'about.json'), JSON.stringify(await describe(buildah, join(work, 'oci'))))
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  })
  return { archive: join(dir, 'image.tar'), ...(JSON.parse(readFileSync(join(dir, 'about.json'), 'utf8')) as Omit<ProductImage, 'archive'>) }
}

/** The machine word of an ELF file, by architecture. */
const MACHINES: Readonly<Record<string, number>> = { x64: 62, arm64: 183 }

export interface ForeignImage {
  readonly architecture: string
  /** Whether the Node in it is of that architecture. */
  readonly fits: boolean
}

/** The same Dockerfile for another architecture. @param arch as Node calls it */
export async function foreignImage(arch: string, report: Reporter): Promise<ForeignImage> {
  const work = mkdtempSync(join(cacheDir(), 'image-foreign-'))
  try {
    const buildah = await openBuildah(work, report)
    await makeForeignBases(buildah, arch, report)
    // Debian 12's buildah does not know these two variables yet.
    const file = join(work, 'Dockerfile')
    writeFileSync(file, readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replace('$BUILDPLATFORM', `linux/${goArch(process.arch)}`).replace('$TARGETPLATFORM', `linux/${goArch(arch)}`))
    await build(buildah, 'scratch', ['--platform', `linux/${goArch(arch)}`, '--file', file])
    const container = await buildah.run('from', '--pull-never', PRODUCT_IMAGE)
    const mounted = await buildah.run('mount', container)
    const header = readFileSync(join(mounted, 'usr/local/bin/node')).subarray(0, 20)
    const { OCIv1 } = JSON.parse(await buildah.run('inspect', '--type', 'image', PRODUCT_IMAGE)) as { OCIv1: ImageConfig }
    return { architecture: OCIv1.architecture, fits: header.readUInt16LE(18) === MACHINES[arch] }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** @param more arguments of `buildah bud` */
async function build(buildah: Buildah, base: string, more: readonly string[] = []): Promise<void> {
  const npmCache = (await must('npm', ['config', 'get', 'cache'])).trim()
  mkdirSync(npmCache, { recursive: true })
  await buildah.run(
    'bud', '--isolation', 'chroot', '--pull-never', '--build-arg', `BASE=${base}`, '--build-arg', `NODE=${NODE_IMAGE}`,
    // What `npm ci` downloaded for the checkout is not downloaded again.
    '--volume', `${npmCache}:/root/.npm`, '--tag', PRODUCT_IMAGE, ...more, ROOT,
  )
}

interface Manifest {
  readonly config: { readonly digest: string }
  readonly layers: readonly { readonly size: number }[]
}

/** As a registry would hold it. */
async function describe(buildah: Buildah, oci: string): Promise<Omit<ProductImage, 'archive'>> {
  await buildah.run('push', PRODUCT_IMAGE, `oci:${oci}`)
  await buildah.run('push', BASE_IMAGE, `oci:${oci}-base`)
  const read = (folder: string, digest: string): unknown => JSON.parse(readFileSync(join(folder, 'blobs', digest.replace(':', '/')), 'utf8'))
  const manifestOf = (folder: string): Manifest => read(folder, (JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { manifests: [{ digest: string }] }).manifests[0].digest) as Manifest
  const [whole, base] = [manifestOf(oci), manifestOf(`${oci}-base`)]
  return {
    size: whole.layers.slice(base.layers.length).reduce((sum, { size }) => sum + size, 0),
    config: read(oci, whole.config.digest) as ImageConfig,
  }
}

const PREFIX = 'image-kubeskippy-'

/** Of everything that the build can see: .dockerignore names it. */
function sourcesHash(): string {
  const hash = createHash('sha256').update(JSON.stringify([process.versions.node, process.arch, 1]))
  const ignore = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
  const add = (path: string): void => {
    const file = join(ROOT, path)
    if (statSync(file).isDirectory()) for (const name of readdirSync(file).sort()) add(join(path, name))
    else hash.update(`${path}\0`).update(readFileSync(file)).update('\0')
  }
  for (const path of ['Dockerfile', '.dockerignore', ...[...ignore.matchAll(/^!(.+)$/gm)].map(([, name = '']) => name)]) add(path)
  return hash.digest('hex').slice(0, 12)
}

/** Milliseconds: nobody who found one that is older is still loading it. */
const IN_USE = 10 * 60_000

/** 170 MB for each state of the sources would fill the disk. */
function forgetOlder(key: string): void {
  for (const name of readdirSync(cacheDir())) {
    const dir = join(cacheDir(), name)
    if (!name.startsWith(PREFIX) || name.startsWith(key) || !existsSync(dir) || Date.now() - statSync(dir).mtimeMs < IN_USE) continue
    rmSync(dir, { recursive: true, force: true })
  }
}
