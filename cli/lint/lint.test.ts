import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { noCluster, setUpCli, type Ran } from '../testing/bench.ts'
import { expectGolden } from '../testing/golden.ts'
import { FORMAT_NAMES } from './formats/names.ts'
import { RULES } from '../../shared/rules/registry.ts'
import { BROKEN, CHART, FILES, SHAPELESS } from './testing/files.ts'

const samples = (kind: string): URL => new URL(`../../config/samples/${kind}/rules/`, import.meta.url)
const golden = (name: string): URL => new URL(`golden/${name}`, import.meta.url)

const run = (line: string, files: Readonly<Record<string, string>> = FILES): Promise<Ran> => setUpCli({ files }).run(line, noCluster)
/** Which rules need more than the file grows with the registry: another test looks at that. */
const withoutUnchecked = (out: string): string => out.replaceAll(/^not checked .*\n/gm, '').replace(/"unchecked": \[[^\]]*\]/, '"unchecked": []').replaceAll(/not checked without [^"]*/g, 'not checked')
const GOOD = CHART.slice(0, CHART.indexOf('---', 4))

describe('kubeskippy lint', () => {
  for (const format of FORMAT_NAMES) {
    it(`reports as ${format}`, async () => {
      const { code, out, err } = await run(`lint --format ${format} chart.yaml more`)
      expectGolden(golden(`report.${format}`), withoutUnchecked(out))
      expect({ code, err }).to.deep.equal({ code: 2, err: '' })
    })
  }

  it('colours the text on a terminal that has colours, and nowhere else', async () => {
    const terminal = { size: () => ({ columns: 80, rows: 24 }), colour: true }
    const { out } = await setUpCli({ files: FILES }).run('lint chart.yaml', { ...noCluster, terminal })
    expect(out).to.contain('\u001b[31merror KS505')
    const toFile = setUpCli({ files: FILES })
    await toFile.run('lint chart.yaml -o report.txt', { ...noCluster, terminal })
    expect(toFile.files['report.txt']).to.contain('error KS505').and.not.to.contain('\u001b')
  })

  const codes: readonly [what: string, line: string, code: number][] = [
    ['nothing is wrong', 'lint good.yaml', 0],
    ['a policy would be refused', 'lint chart.yaml', 1],
    ['there are warnings only', 'lint warned.yaml', 0],
    ['there are warnings, and they are to count', 'lint warned.yaml --fail-on warning', 1],
    ['a file cannot be read as YAML', 'lint broken.yaml', 2],
    ['a file cannot be read, beside one that would be refused', 'lint chart.yaml broken.yaml', 2],
    ['there is no such file', 'lint nothing.yaml', 2],
    ['no file matches', 'lint no/**/*.yaml', 2],
    ['there is no such format', 'lint good.yaml --format xml', 2],
    ['there is no such level', 'lint good.yaml --fail-on info', 2],
    ['the namespace is none', 'lint good.yaml -n Shop', 2],
    ['there is no such configuration', 'lint good.yaml --config nothing.yaml', 2],
    ['a file has nothing of ours', 'lint other.yaml', 0],
    ['standard input has no object', 'lint -', 2],
    ['standard input has no object, beside a file that has one', 'lint - good.yaml', 2],
    ['that is said to be well', 'lint - --allow-empty', 0],
    ['no object is in any file', 'lint empty.yaml comment.yaml', 2],
    ['one of several files has no object', 'lint empty.yaml other.yaml', 0],
    ['a folder has no manifest', 'lint texts', 2],
    ['a folder has manifests of others alone', 'lint others', 0],
  ]
  for (const [what, line, code] of codes) {
    it(`exits ${code} when ${what}`, async () => {
      const files = { 'good.yaml': GOOD, 'chart.yaml': CHART, 'broken.yaml': BROKEN, 'other.yaml': 'kind: Service\n', '-': '', 'empty.yaml': '', 'comment.yaml': '# a\n---\n', 'texts/a.txt': 'a', 'others/a.yaml': 'kind: Service\n', 'warned.yaml': GOOD.replace('mode: monitor', 'mode: monitor\n  suspend: false\n  suspend: false') }
      expect((await run(line, files)).code).to.equal(code)
    })
  }

  it('says that nothing is no verdict', async () => {
    const told = async (line: string, files: Record<string, string>): Promise<string> => (await run(line, files)).out.split('\n')[0] ?? ''
    expect(await told('lint -', { '-': '# a\n' })).to.equal('<stdin>: unreadable: it holds no object: the command before it may have failed (--allow-empty: that is well)')
    expect(await told('lint texts', { 'texts/a.txt': '' })).to.equal('texts: unreadable: there is no .yaml, .yml or .json file (--allow-empty: that is well)')
    expect(await told('lint texts', { 'texts/.kubeskippy-lint.yaml': 'exclude: []\n' })).to.equal('texts: unreadable: there is no .yaml, .yml or .json file (--allow-empty: that is well)')
    expect(await told('lint .', { '.kubeskippy-lint.yaml': 'exclude: ["*.yaml"]\n', 'a.yaml': '{}' })).to.equal('.: unreadable: there is no .yaml, .yml or .json file (--allow-empty: that is well)')
    expect(await told('lint a.yaml b.yaml', { 'a.yaml': '', 'b.yaml': '' })).to.equal('a.yaml b.yaml: unreadable: no object is in it (--allow-empty: that is well)')
  })

  it('warns of a key that a merge after it replaces', async () => {
    const text = GOOD.replace('mode: monitor', 'mode: monitor\n  <<: {mode: automatic}')
    expect((await run('lint x.yaml', { 'x.yaml': text })).out).to.match(/^x\.yaml:[0-9]+:3 \S+: warning KS003 .*: the key "mode" is lost to a map that is merged after it — .* — write << first$/m)
    expect((await run('lint x.yaml', { 'x.yaml': GOOD.replace('mode: monitor', '<<: {mode: automatic}\n  mode: monitor') })).out).not.to.contain('KS003')
  })

  it('writes no report over manifests, and reads none of its own reports', async () => {
    const bench = setUpCli({ files: { 'p/a.yaml': GOOD, 'p/other.yaml': 'kind: Service\n' } })
    for (const [line, why] of [['lint p -o p/a.yaml', 'with objects of KubeSkippy in it'], ['lint p/a.yaml -o p/a.yaml', 'that is read'], ['lint p/other.yaml -o ./p/other.yaml', 'that is read'], ['lint p/other.yaml -o p/a.yaml', 'with objects']] as const) {
      const { code, out, err } = await bench.run(line, noCluster)
      expect({ code, out }, line).to.deep.equal({ code: 2, out: '' })
      expect(err).to.match(new RegExp(`^error: --output \\S+ would replace a file ${why}.*: name another one\n$`))
    }
    expect(bench.files['p/a.yaml']).to.equal(GOOD)
    for (let run = 0; run < 2; run++) expect(await bench.run('lint p -o p/report.yaml', noCluster)).to.deep.equal({ code: 0, out: '', err: '' })
    expect(bench.files['p/report.yaml']).to.contain('in 1 object of 1 file')
  })

  it('points at the word of a query that is wrong, in a string of several lines too', async () => {
    const query = (written: string): string => GOOD.replace(/  triggers:[^]*?  actions:/, `  triggers:\n  - name: slow\n    type: metric\n    metricTrigger:\n      query: ${written}\n      threshold: 1\n  actions:`)
    const place = async (written: string): Promise<string | undefined> => /^x\.yaml:([0-9]+:[0-9]+).*KS201/m.exec((await run('lint x.yaml', { 'x.yaml': query(written) })).out)?.[1]
    const line = query('').split('\n').findIndex((text) => text.includes('query:')) + 1
    expect(await place('sum by (pod) (up))')).to.equal(`${line}:${'      query: sum by (pod) (up)'.length + 1}`)
    expect(await place('|\n        sum by (pod) (\n          rate(errors_total)\n        )')).to.equal(`${line + 2}:${'          rate('.length + 1}`)
    expect(await place('>-\n        sum by (pod) (\n        rate(errors_total)\n        )')).to.equal(`${line + 2}:${'        rate('.length + 1}`)
    expect(await place('"sum by (pod) (\n        rate(\\\n        errors_total)\n        )"')).to.equal(`${line + 2}:9`)
    expect(await place("sum by (pod) (\n        rate(errors_total)\n        )")).to.equal(`${line + 1}:${'        rate('.length + 1}`)
  })

  it('points at what is wrong of a label: its value, or its key', async () => {
    const places = async (labels: string): Promise<string[]> => Array.from((await run('lint p.yaml', { 'p.yaml': GOOD.replace('  name: good', `  name: good\n${labels}`) })).out.matchAll(/^p.yaml:([0-9]+:[0-9]+).* metadata\.(?:labels|annotations): (.*?)(?: is no|: put)/gm), ([, at, what]) => `${at} ${what}`)
    const line = GOOD.split('\n').findIndex((text) => text.includes('name: good')) + 2
    const cases: readonly [labels: string, places: string[]][] = [
      ['  labels: {ok: a, bad: 1, worse: "x y"}', [`${line}:24 the value of "bad" must be a string`]],
      ['  labels: {ok: a, worse: "x y", "no key": b}', [`${line}:26 "x y"`, `${line}:33 "no key"`]],
      ['  labels: {"a.b/c": "日本", "d\\"e": x}', [`${line}:21 "日本"`, `${line}:27 "d'e"`]],
      ['  annotations:\n    a:\n      - 1', [`${line + 1}:5 the value of "a" must be a string`]],
      ['  labels:\n    ? a\n    : x y', [`${line + 2}:7 "x y"`]],
    ]
    for (const [labels, expected] of cases) expect(await places(labels), labels).to.deep.equal(expected)
  })

  it('agrees with the registry on every sample that needs nothing but the file', async () => {
    for (const { id, needs } of RULES) {
      for (const kind of ['valid', 'invalid']) {
        const text = readFileSync(new URL(`${id.toLowerCase()}.yaml`, samples(kind)), 'utf8')
        const { code, out } = await run('lint --format json p.yaml --fail-on warning', { 'p.yaml': text })
        const { findings } = JSON.parse(out) as { findings: { rule: string; path: string }[] }
        // Of an exemption the file tells, and not who applies it.
        const expected = id === 'KS506' ? ['KS506 metadata.annotations[kubeskippy.io/allow]'] : kind === 'valid' || needs !== undefined ? [] : [/^# expect: (KS[0-9]+ \S+)/.exec(text)?.[1]]
        expect(findings.map(({ rule, path }) => `${rule} ${path}`), id).to.deep.equal(expected)
        expect(code, id).to.equal(expected.length === 0 ? 0 : 1)
      }
    }
  })

  it('says of an exemption, and of each violation that it lowers, which permission it takes: without it the server refuses', async () => {
    const text = GOOD.replace('  name: good', "  name: good\n  annotations: {kubeskippy.io/allow: 'KS208,KS205'}").replace('restartAction: {}', 'restartAction: {}\n  safetyRules: {stabilizationWindow: 1s}')
    const right = 'refused without the permission override-safety on healingpolicies.kubeskippy.io in namespace "shop"'
    const { code, out } = await run('lint p.yaml', { 'p.yaml': text })
    expect(code).to.equal(0)
    expect(out).to.contain(`warning KS506 HealingPolicy shop/good: metadata.annotations[kubeskippy.io/allow]: ${right} — exempts from KS208 — `)
    expect(out).to.contain(`warning KS208 HealingPolicy shop/good: spec.safetyRules.stabilizationWindow: ${right} — 1s is shorter than `)
    expect(out).to.match(/^0 errors, 2 warnings \(2 refused without a permission\) in 1 object/m)
    for (const format of FORMAT_NAMES) expect((await run(`lint p.yaml --format ${format}`, { 'p.yaml': text })).out, format).to.contain('override-safety on healingpolicies.kubeskippy.io')
    const free = await run('lint p.yaml', { 'p.yaml': text.replace('KS208,KS205', 'KS205') })
    expect(free.out).to.contain('error KS208').and.not.to.contain('permission')
  })

  for (const [line, says] of [
    ['-o json', '"json" is a format and no file: write --format json, or ./json where a file is meant.'],
    ['-o yaml', '"yaml" is a format and no file: --format is one of text, json, sarif, junit, github, or ./yaml where a file is meant.'],
  ] as const) {
    it(`writes no file for ${line}`, async () => {
      const { run: lint, files } = setUpCli({ files: { 'p.yaml': 'kind: Pod\n' } })
      expect(await lint(`lint p.yaml ${line}`, noCluster)).to.deep.equal({ code: 2, out: '', err: `error: --output: ${says}\n` })
      expect(Object.keys(files)).to.deep.equal(['p.yaml'])
    })
  }

  it('names the rules that it could not apply, as the registry does', async () => {
    const { unchecked } = JSON.parse((await run('lint --format json chart.yaml')).out) as { unchecked: unknown }
    expect(unchecked).to.have.deep.members([{ rule: 'KS405', needs: 'cluster' }, ...RULES.flatMap(({ id, needs, partlyNeeds }) => (needs !== undefined ? [{ rule: id, needs }] : partlyNeeds !== undefined ? [{ rule: id, needs: partlyNeeds, partly: true }] : []))])
  })

  it('reads standard input', async () => {
    const { code, out } = await run('lint -', { '-': CHART })
    expect(code).to.equal(1)
    expect(out).to.contain('<stdin>:49:5 (shop/templates/bad.yaml): error KS505 ')
  })

  it('reads a folder, a pattern and a file once, and passes over what it was not asked for', async () => {
    const files = { 'a/b/one.yaml': GOOD, 'a/two.json': JSON.stringify({ kind: 'HealingPolicy' }), 'a/.git/three.yaml': GOOD, 'a/node_modules/four.yaml': GOOD, 'a/five.txt': GOOD, 'a/service.yaml': 'kind: Service\n' }
    const read = async (line: string): Promise<unknown> => (JSON.parse((await run(`${line} --format json`, files)).out) as { summary: { files: number } }).summary.files
    expect(await read('lint')).to.equal(2)
    expect(await read('lint a')).to.equal(2)
    expect(await read('lint a/')).to.equal(2)
    expect(await read('lint ./a/**/*.yaml')).to.equal(1)
    expect(await read('lint a/*.{yaml,json}')).to.equal(1)
    expect(await read('lint a a/two.json a/b')).to.equal(2)
    expect(await read('lint a/service.yaml a/five.txt')).to.equal(2)
  })

  it('takes the namespace of the flag for objects that name none, and refuses two for one object', async () => {
    const bare = GOOD.replace('  namespace: shop\n', '').replace('mode: monitor', 'mode: automatic')
    expect((await run('lint p.yaml', { 'p.yaml': bare })).code).to.equal(0)
    expect((await run('lint p.yaml -n shop', { 'p.yaml': bare })).code).to.equal(0)
    expect((await run('lint p.yaml -n kube-system', { 'p.yaml': bare })).out).to.contain('error KS103 ')
    expect((await run('lint p.yaml -n bank', { 'p.yaml': GOOD })).out).to.contain('the object says "shop", and -n says "bank"')
  })

  const kinds: readonly [what: string, text: string, said: RegExp][] = [
    ['a kind that is nearly ours', 'apiVersion: kubeskippy.io/v1alpha1\nkind: HealingPolicyy\n', /^p.yaml:2:7: error KS001 .*did you mean HealingPolicy\?/],
    ['a kind in small letters', 'apiVersion: kubeskippy.io/v1alpha1\nkind: healingpolicy\n', /^p.yaml:2:7: error KS001 .* — kubectl creates such an object, and fails when it is to change it — did you mean HealingPolicy\?/],
    ['a group that is nearly ours', 'apiVersion: kubeskipy.io/v1alpha1\nkind: HealingPolicy\n', /^p.yaml:1:13: error KS001 .*apiVersion: must be kubeskippy.io\/v1alpha1/],
    ['a version that is not served', 'apiVersion: kubeskippy.io/v1\nkind: HealingPolicy\n', /^p.yaml:1:13: error KS001 .*apiVersion: must be/],
    ['no version at all', 'kind: HealingPolicy\n', /^p.yaml:1:1: error KS001 .*apiVersion: must be/],
    ['a policy of somebody else', 'apiVersion: healing.example.com/v1\nkind: HealingPolicy\n', /^no violations in 0 objects of 1 file; 1 object of other kinds/],
    ['an action', 'apiVersion: kubeskippy.io/v1alpha1\nkind: HealingAction\nmetadata: {name: a}\nspec: {}\n', /^p.yaml:4:1: error KS001 HealingAction a: spec.policyRef: is required/],
    ['something that is no object', '- 1\n', /^no violations in 0 objects/],
  ]
  for (const [what, text, said] of kinds) it(`knows ${what}`, async () => expect((await run('lint p.yaml', { 'p.yaml': text })).out).to.match(said))

  it('points into a query of several lines', async () => {
    const text = readFileSync(new URL('ks201.yaml', samples('invalid')), 'utf8')
    const { findings } = JSON.parse((await run('lint --format json p.yaml', { 'p.yaml': text })).out) as { findings: { line: number; column: number }[] }
    const lines = text.split('\n')
    const line = lines.findIndex((each) => each.includes('rate(')) + 1
    expect(findings.map((each) => [each.line, each.column])).to.deep.equal([[line, (lines[line - 1] ?? '').indexOf('queue_waits_total') + 1]])
  })

  it('shows nothing that a terminal would obey', async () => {
    const hostile = SHAPELESS.replace('shapeless', '"a\\u001b[31mb"').replace('Automatic', '"\u202e\u0007\\u001b]0;x"')
    // oxlint-disable-next-line no-control-regex -- these characters are the subject
    expect((await run('lint p\u001b.yaml', { 'p\u001b.yaml': hostile })).out).to.not.match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  })
})
