import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { UNUSED_IDS } from '../../shared/rules/beyond.ts'
import { MECHANISMS } from '../../shared/rules/mechanisms.ts'
import { noCluster, setUpCli, type Ran } from '../testing/bench.ts'
import { expectGolden } from '../testing/golden.ts'
import { notChecked } from './formats/text.ts'
import { RULE_TEXTS, UNCHECKED } from './layers.ts'

const ROOT = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')
const explain = (id: string): Promise<Ran> => setUpCli().run(`lint --explain ${id}`, noCluster)

/** Sources that are shipped, and what is generated from them. */
const sources = ['shared', 'controller', 'webhook', 'certs', 'cli', 'config', 'integrations'].flatMap((folder) =>
  readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' }).flatMap((name) => (/\.(?:ts|ya?ml)$/.test(name) && !/\.test\.ts$|(?:^|\/)test[^/]*\//.test(name) ? [`${folder}/${name}`] : [])),
)

describe('kubeskippy lint --explain', () => {
  it('explains a layer', async () => expectGolden(new URL('golden/explain.txt', import.meta.url), (await explain('KS001')).out))

  it('explains every id that any program says: what, why, what really happens, what to write, and whether there is an exemption', async () => {
    for (const { id, title, why, fix } of RULE_TEXTS) {
      const { code, out } = await explain(id.toLowerCase())
      expect(code, id).to.equal(0)
      for (const part of [id, title, why, fix, MECHANISMS[id] ?? expect.fail(id), '\n  exempt    ']) expect(out, id).to.contain(part)
    }
  })

  it('tells of an unknown field both that the door warns and that the lint makes an error of it', async () => {
    const { out } = await explain('KS505')
    expect(out).to.contain('  severity  a warning at the door; an error of the lint, since kubectl refuses it')
  })

  it('knows every id that stands in a source or a manifest, and so does the reference', () => {
    const known = new Set([...RULE_TEXTS, ...UNUSED_IDS].map(({ id }) => id))
    const said = new Set(sources.flatMap((path) => read(path).match(/\bKS[0-9]{3}\b/g) ?? []))
    expect(said.size).to.be.above(40)
    expect([...said].filter((id) => !known.has(id))).to.deep.equal([])
    const reference = read('docs/reference/rules.md')
    for (const { id } of RULE_TEXTS) expect(reference).to.contain(`\n### ${id}\n`)
    for (const { id } of UNUSED_IDS) expect(reference).to.contain(`\n| ${id} |`)
  })

  it('says of a number that nothing says why that is so', async () => {
    for (const { id, why } of UNUSED_IDS) {
      const { code, out } = await explain(id)
      expect({ code, out: out.includes(`nothing says it: ${why}`) }, id).to.deep.equal({ code: 0, out: true })
    }
    expect((await explain('KS601')).out).to.contain('not yet')
  })

  it('offers the nearest of a rule that is not there', async () => {
    const { code, out, err } = await explain('KS330')
    expect({ code, out }).to.deep.equal({ code: 2, out: '' })
    expect(err).to.match(/^error: there is no rule "KS330", did you mean KS30[0-9](?:, KS3[0-9]{2})*\?\n$/)
    expect((await explain('nonsense')).err).to.match(/^error: there is no rule "nonsense"/)
  })
})

describe('what the lint cannot check', () => {
  it('stands in the guide as the program prints it', () => {
    for (const line of notChecked({ unchecked: UNCHECKED, asked: 'nobody' })) expect(read('docs/guide/lint.md')).to.contain(`\n${line}\n`)
  })
})
