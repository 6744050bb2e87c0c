/**
 * `make sbom`: what is in the bundle that is not ours, as CycloneDX 1.6 and with the texts of its licences; an error where a licence
 * is not among those that may be shipped with ours. What is bundled is told by the bundler, not by package.json.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundledModules, type BundledModules } from './bundle.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const NODE = 'node'

/** SPDX: they ask for their notice to be kept, and for nothing else. */
export const ALLOWED: ReadonlySet<string> = new Set(['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'CC0-1.0', 'ISC', 'MIT', 'MIT-0', 'Python-2.0', 'Unlicense'])

interface Package {
  /** From the root, as the lockfile has it. */
  readonly path: string
  readonly name: string
  readonly version: string
  /** SPDX: an identifier or an expression. */
  readonly license: string
}

export interface Shipped {
  readonly packages: readonly Package[]
  /** Paths of packages by the path of who imports them; ours is ''. */
  readonly dependsOn: ReadonlyMap<string, ReadonlySet<string>>
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string | { readonly type?: string }
  readonly devDependencies?: Readonly<Record<string, string>>
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(join(ROOT, path), 'utf8'))

/** `node_modules/a/node_modules/@b/c` of a file in it; '' of ours. */
const packageOf = (file: string): string => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? ''

export function shippedIn(modules: BundledModules): Shipped {
  const dependsOn = new Map<string, Set<string>>()
  for (const [file, imports] of modules) {
    const from = packageOf(file)
    const known = dependsOn.get(from) ?? new Set<string>()
    dependsOn.set(from, known)
    for (const target of imports.map(packageOf)) if (target !== '' && target !== from) known.add(target)
  }
  const packages = [...dependsOn.keys()].filter((path) => path !== '').sort().map((path): Package => {
    const { name, version, license } = readJson(join(path, 'package.json')) as Manifest
    return { path, name, version, license: typeof license === 'string' ? license : (license?.type ?? '') }
  })
  return { packages, dependsOn }
}

/** One line for each package whose licence is not allowed. Of `OR` one side is enough, of `AND` all are needed. */
export const forbidden = ({ packages }: Shipped): readonly string[] =>
  packages.filter(({ license }) => !isAllowed(license)).map(({ name, version, license }) => `${name} ${version}: ${license === '' ? 'says no licence' : `the licence ${license} is not among those that may be shipped`}`)

export function isAllowed(expression: string): boolean {
  // Parts in parentheses are decided first.
  const inner = /\(([^()]*)\)/.exec(expression)
  if (inner !== null) return isAllowed(expression.replace(inner[0], isAllowed(inner[1] ?? '') ? 'MIT' : 'forbidden'))
  return expression.split(' OR ').some((all) => all.split(' AND ').every((one) => ALLOWED.has(one.trim())))
}

const purl = ({ name, version }: Pick<Package, 'name' | 'version'>): string => `pkg:npm/${name.replace('@', '%40')}@${version}`
const isExpression = (license: string): boolean => / (?:OR|AND|WITH) /.test(license)
const licensesOf = (license: string): object[] => (isExpression(license) ? [{ expression: license }] : [{ license: { id: license } }])

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly integrity?: string }>>
}

/** The same sources give the same document, so it has no time. */
export function toCycloneDx({ packages, dependsOn }: Shipped): object {
  const own = readJson('package.json') as Manifest
  const { packages: locked } = readJson('package-lock.json') as Lockfile
  const ownPurl = purl(own)
  const ref = (path: string): string => purl(packages.find((each) => each.path === path) ?? own)
  const node = own.devDependencies?.[NODE] ?? ''
  const nodePurl = `pkg:generic/node@${node}`
  const library = (each: Package): object => {
    const [group, name] = each.name.startsWith('@') ? (each.name.split('/') as [string, string]) : [undefined, each.name]
    const [algorithm, sum] = (locked[each.path]?.integrity ?? '').split('-')
    return {
      type: 'library', 'bom-ref': purl(each), ...(group === undefined ? {} : { group }), name, version: each.version, purl: purl(each), licenses: licensesOf(each.license),
      ...(algorithm === 'sha512' && sum !== undefined ? { hashes: [{ alg: 'SHA-512', content: Buffer.from(sum, 'base64').toString('hex') }] } : {}),
    }
  }
  const content = {
    metadata: { component: { type: 'application', 'bom-ref': ownPurl, name: own.name, version: own.version, purl: ownPurl, licenses: [{ license: { id: 'MIT' } }] } },
    components: [
      // Of the image and of the single executable; the npm package brings none.
      { type: 'platform', 'bom-ref': nodePurl, name: NODE, version: node, purl: nodePurl, cpe: `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:*:*:*:*`, licenses: [{ license: { id: 'MIT' } }], components: builtIn() },
      ...packages.map(library),
    ],
    dependencies: ['', ...packages.map(({ path }) => path)].map((path) => ({ ref: ref(path), dependsOn: [...(path === '' ? [nodePurl] : []), ...[...(dependsOn.get(path) ?? [])].map(ref)].sort() })),
  }
  return { $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json', bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber: serialOf(content), version: 1, ...content }
}

/** Libraries that are compiled into Node; the rest of its versions are of interfaces. */
const builtIn = (): readonly object[] =>
  Object.entries(process.versions).filter(([name, version]) => !INTERFACES.has(name) && version !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, version]) => ({ type: 'library', 'bom-ref': `node-${name}`, name, version: String(version) }))
const INTERFACES: ReadonlySet<string> = new Set([NODE, 'modules', 'napi', 'cldr', 'tz', 'unicode'])

/** A UUID (version 8) of what is in it. */
function serialOf(content: object): string {
  const hex = createHash('sha256').update(JSON.stringify(content)).digest('hex')
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const LICENCE_FILE = /^(?:licen[cs]e|copying|notice)(?:[-.].*)?$/i

/** As their licences ask: each package with its texts. */
export function licenceTexts({ packages }: Shipped): string {
  return packages.map(({ path, name, version, license }) => {
    const files = readdirSync(join(ROOT, path)).filter((file) => LICENCE_FILE.test(file)).sort()
    const texts = files.map((file) => readFileSync(join(ROOT, path, file), 'utf8').trim())
    return [`${name} ${version} (${license})`, '', ...(texts.length === 0 ? ['Its package holds no text of it.'] : texts)].join('\n')
  }).join(`\n\n${'-'.repeat(80)}\n\n`).concat('\n')
}

if (import.meta.main) {
  const [folder = join(ROOT, 'dist')] = process.argv.slice(2)
  const shipped = shippedIn(await bundledModules())
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of [['sbom.cdx.json', `${JSON.stringify(toCycloneDx(shipped), null, 2)}\n`], ['licences.txt', licenceTexts(shipped)]] as const) {
    writeFileSync(join(folder, name), text)
    console.log(relative(process.cwd(), join(folder, name)))
  }
  for (const problem of forbidden(shipped)) {
    console.error(problem)
    process.exitCode = 1
  }
}
