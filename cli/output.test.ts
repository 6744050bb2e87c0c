import { expect } from 'chai'
import { parse } from 'yaml'
import { HEALING_POLICIES } from '../shared/kube/resources.ts'
import { buildPolicy } from '../shared/testing/builders/objects.ts'
import { asData, inFormat, OUTPUTS } from './output.ts'
import { setUpCli, type Ran } from './testing/bench.ts'

/** Words that readers of YAML 1.1 take for something else, and characters that move a terminal. */
const DATA = { word: 'no', octal: '0755', time: '12:30:00', empty: '', lines: 'a\n- b: c\n', bell: '\u0007\u001b[2J', list: [1, null, { deep: true }], absent: undefined }

describe('what programs read', () => {
  it('is the same in both formats, for readers of YAML 1.1 and 1.2', () => {
    const wanted = JSON.parse(JSON.stringify(DATA)) as unknown
    expect(JSON.parse(asData('json', DATA))).to.deep.equal(wanted)
    for (const version of ['1.1', '1.2'] as const) expect(parse(asData('yaml', DATA), { version })).to.deep.equal(wanted)
    for (const format of ['json', 'yaml'] as const) expect(asData(format, DATA)).not.to.contain('\u001b').and.not.to.contain('\u0007')
  })

  it('is not made for a table, nor a table for it', () => {
    const never = (): never => {
      throw new Error('made')
    }
    expect(inFormat('table', never, () => 'text')).to.equal('text')
    expect(inFormat('json', () => 1, never)).to.equal('1\n')
  })
})

describe('-o', () => {
  const setUp = () => {
    const bench = setUpCli()
    const { apiVersion, kind, metadata, spec } = buildPolicy({ metadata: { name: 'cart', generation: 1 } })
    bench.cluster.seed(HEALING_POLICIES, { apiVersion, kind, metadata, spec })
    return bench
  }
  for (const verb of ['check', 'explain cart', 'top', 'certs show']) {
    it(`of ${verb} is a table by default, and the same data as JSON and as YAML`, async () => {
      const { run } = setUp()
      const plain = await run(verb)
      const told: Ran[] = []
      for (const format of OUTPUTS) told.push(await run(`${verb} -o ${format}`))
      const [table, json, yaml] = told
      expect(plain).to.deep.equal(table)
      expect(new Set(told.map(({ code }) => code)).size).to.equal(1)
      expect(() => JSON.parse(plain.out) as unknown).to.throw()
      expect(parse(yaml?.out ?? '')).to.deep.equal(JSON.parse(json?.out ?? ''))
    })
    it(`of ${verb} knows no other format`, async () => {
      const { code, err } = await setUp().run(`${verb} -o text`)
      expect(code).to.equal(2)
      expect(err).to.contain('table, json, yaml')
    })
  }

  it('of enable --print is what kubectl applies', async () => {
    const { run } = setUp()
    const list = JSON.parse((await run('enable -n shop -n till --print -o json')).out) as { kind: string; items: unknown[] }
    const documents = (await run('enable -n shop -n till --print')).out.split('---\n').slice(1)
    expect(list.kind).to.equal('List')
    expect(documents.map((text) => parse(text) as unknown)).to.deep.equal(list.items)
  })

  it('of enable prints nothing of a protected namespace', async () => {
    expect(await setUp().run('enable -n kube-system --print -o json')).to.include({ code: 1, out: '' })
  })
})
