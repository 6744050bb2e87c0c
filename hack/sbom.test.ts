import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { expect } from 'chai'
import { bundledModules } from './bundle.ts'
import { forbidden, isAllowed, licenceTexts, shippedIn, toCycloneDx, type Shipped } from './sbom.ts'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
const schema = (name: string): object => JSON.parse(read(`testdata/cyclonedx/${name}.SNAPSHOT.schema.json`)) as object

interface Bom {
  readonly components: readonly { readonly name: string; readonly group?: string; readonly version: string; readonly 'bom-ref': string; readonly hashes?: readonly object[] }[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

describe('what is shipped', function () {
  this.timeout(60_000)
  let shipped: Shipped
  let bom: Bom
  before(async () => {
    shipped = shippedIn(await bundledModules())
    bom = toCycloneDx(shipped) as Bom
  })

  it('has no licence that may not be shipped', () => expect(forbidden(shipped)).to.deep.equal([]))

  it('is a document of CycloneDX 1.6', () => {
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
    for (const name of ['spdx', 'jsf-0.82']) ajv.addSchema({ ...schema(name), $id: `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json` })
    const validate = ajv.compile(schema('bom-1.6'))
    const valid = (document: unknown): boolean => validate(document)
    expect(valid(bom), JSON.stringify(validate.errors?.slice(0, 3))).to.equal(true)
    expect(valid({ ...bom, components: [{ ...bom.components[1], licenses: [{ license: { id: 'my own' } }] }] })).to.equal(false)
  })

  it('names what our sources import, what that imports, and Node; not what only tests and tools use', () => {
    const names = bom.components.map(({ group, name }) => (group === undefined ? name : `${group}/${name}`))
    expect(names).to.include.members(['node', 'undici', 'commander', '@kubernetes/client-node', 'ajv', 'prom-client'])
    for (const tool of ['mocha', 'chai', 'esbuild', 'typescript', 'oxlint', 'postject']) expect(names).not.to.include(tool)
    expect(bom.components.slice(1).filter(({ hashes }) => hashes === undefined)).to.deep.equal([])
  })

  it('is connected: everything is reached from the product, and every reference leads to a component', () => {
    const edges = new Map(bom.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]))
    const reached = new Set<string>()
    const walk = (ref: string): void => {
      if (reached.has(ref)) return
      reached.add(ref)
      for (const next of edges.get(ref) ?? []) walk(next)
    }
    walk(bom.dependencies[0]?.ref ?? '')
    expect([...reached].slice(1).sort()).to.deep.equal([...new Set(bom.components.map((component) => component['bom-ref']))].sort())
  })

  it('is told with the texts of its licences', () => {
    const texts = licenceTexts(shipped)
    for (const { name, version } of shipped.packages) expect(texts).to.contain(`${name} ${version} (`)
    expect(texts).to.contain('Copyright (c) Matteo Collina and Undici contributors')
  })

  it('is told the same twice', async () => expect(toCycloneDx(shippedIn(await bundledModules()))).to.deep.equal(bom))

  const licences: readonly (readonly [expression: string, allowed: boolean])[] = [
    ['MIT', true],
    ['Apache-2.0', true],
    ['GPL-3.0-only', false],
    ['', false],
    ['UNLICENSED', false],
    ['SEE LICENSE IN LICENSE', false],
    ['GPL-2.0 OR MIT', true],
    ['(GPL-2.0 OR MIT)', true],
    ['MIT AND GPL-2.0', false],
    ['(MIT OR GPL-2.0) AND ISC', true],
    ['(MIT AND GPL-2.0) OR (GPL-3.0 AND ISC)', false],
    ['GPL-2.0 WITH Classpath-exception-2.0', false],
  ]
  for (const [expression, allowed] of licences) it(`${allowed ? 'may' : 'may not'} be under "${expression}"`, () => expect(isAllowed(expression)).to.equal(allowed))

  it('is refused with the name of the package', () => {
    const bad: Shipped = { packages: [{ path: 'x', name: 'x', version: '1.0.0', license: 'AGPL-3.0' }, { path: 'y', name: 'y', version: '2.0.0', license: '' }], dependsOn: new Map() }
    expect(forbidden(bad)).to.deep.equal(['x 1.0.0: the licence AGPL-3.0 is not among those that may be shipped', 'y 2.0.0: says no licence'])
  })
})
