import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { build } from 'esbuild'
import { parseAllDocuments } from 'yaml'
import { API_VERSION } from '../shared/api/v1alpha1/fields.ts'
import { resources } from '../shared/api/v1alpha1/resources.ts'
import { isObject } from '../shared/lib/json.ts'
import { compileResource, type SchemaCheck } from '../shared/schema/validate.ts'
import { validators } from './validators.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SAMPLES = join(ROOT, 'config/samples')
const ENTRY = `
import { API_VERSION } from './shared/api/v1alpha1/fields.ts'
import { resources } from './shared/api/v1alpha1/resources.ts'
import { compileResource } from './shared/schema/validate.ts'
export const checks = new Map(resources.map((resource) => [resource.kind, compileResource(resource, API_VERSION)]))
`

describe('validators that are made with the bundle', function () {
  this.timeout(60_000)
  let folder: string
  let checks: ReadonlyMap<string, SchemaCheck>
  let inputs: readonly string[]
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kubeskippy-validators-'))
    const file = join(folder, 'made.mjs')
    const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" }
    const { metafile } = await build({ stdin: { contents: ENTRY, resolveDir: ROOT }, bundle: true, platform: 'node', format: 'esm', outfile: file, plugins: [validators], metafile: true, absWorkingDir: ROOT, banner })
    inputs = Object.keys(metafile.inputs)
    ;({ checks } = (await import(file)) as { checks: typeof checks })
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('come without what makes them', () => expect(inputs.filter((file) => file.includes('node_modules/ajv/'))).to.deep.equal(['node_modules/ajv/dist/runtime/ucs2length.js']))

  it('find in every sample what ajv finds', () => {
    const made = new Map(resources.map((resource) => [resource.kind, compileResource(resource, API_VERSION)]))
    const files = readdirSync(SAMPLES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'))
    let wrong = 0
    for (const file of files) {
      for (const document of parseAllDocuments(readFileSync(join(SAMPLES, file), 'utf8'))) {
        const object: unknown = document.toJS()
        const kind = isObject(object) ? String(object['kind']) : ''
        const found = made.get(kind)?.(object)
        expect(checks.get(kind)?.(object), file).to.deep.equal(found)
        if (found !== undefined && found.length > 0) wrong++
      }
    }
    expect(wrong).to.be.above(50)
  })

  it('know the bounds of whole numbers, which are functions of ours', () => {
    const [policy] = resources
    const object = { apiVersion: API_VERSION, kind: policy?.kind, metadata: { name: 'a' }, spec: { safetyRules: { maxActionsPerHour: 2 ** 40 } } }
    const told = checks.get('HealingPolicy')?.(object)
    expect(told?.map(({ path, message }) => `${path} ${message}`)).to.include('spec.safetyRules.maxActionsPerHour "1099511627776" must be an int32')
  })
})
