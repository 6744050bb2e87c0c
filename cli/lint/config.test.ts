import { expect } from 'chai'
import { noCluster, setUpCli, type Ran } from '../testing/bench.ts'
import { CHART } from './testing/files.ts'

const GOOD = CHART.slice(0, CHART.indexOf('---', 4))
const policy = (changes: (text: string) => string = (text) => text): string => changes(GOOD.replace('mode: monitor', 'mode: automatic'))

const run = (config: string, text = policy(), line = 'lint p.yaml'): Promise<Ran> => setUpCli({ files: { '.kubeskippy-lint.yaml': config, 'p.yaml': text } }).run(line, noCluster)

describe('the configuration of the lint', () => {
  const wrong: readonly [what: string, config: string, said: string][] = [
    ['an unknown key, with the nearest', 'exclude: []\nseverites: {}\n', '.kubeskippy-lint.yaml:2:1: unknown key "severites", did you mean severities?'],
    ['a key that is written twice', 'exclude: []\nexclude: []\n', '.kubeskippy-lint.yaml:2:1: "exclude" is written twice'],
    ['an unknown rule, with the nearest', 'severities: {KS9999: off}\n', '.kubeskippy-lint.yaml:1:1: there is no rule "KS9999"'],
    ['an unknown level', 'severities: {KS204: info}\n', '.kubeskippy-lint.yaml:1:1: KS204 must be one of error, warning, off'],
    ['a level less than an error for what the door refuses', 'severities: {KS304: warning}\n', '.kubeskippy-lint.yaml:1:1: KS304 cannot be warning: the door refuses what it finds'],
    ['nothing at all for what the door refuses', 'severities: {KS304: off}\n', '.kubeskippy-lint.yaml:1:1: KS304 cannot be off: the door refuses what it finds'],
    ['an unknown fact of the installation, with the nearest', 'installation: {cieling: {maxActionsPerHour: 5}}\n', '.kubeskippy-lint.yaml:1:1: installation: unknown key "cieling", did you mean ceiling?'],
    ['a fact that no rule reads', 'installation: {syncInterval: 30s}\n', '.kubeskippy-lint.yaml:1:1: installation: unknown key "syncInterval"'],
    ['a fact that the programs would refuse', 'installation: {ceiling: {maxActionsPerHour: 0}}\n', '.kubeskippy-lint.yaml:1:1: installation: ceiling.maxActionsPerHour: must be 1 or more'],
    ['patterns that are none', 'exclude: charts\n', '.kubeskippy-lint.yaml:1:1: exclude must be a list of patterns such as charts/**'],
    ['what is no map', '- 1\n', '.kubeskippy-lint.yaml: it must be a map'],
    ['two documents', 'exclude: []\n---\nexclude: []\n', '.kubeskippy-lint.yaml: it holds 2 documents, and may hold one'],
    ['what is no YAML', 'exclude: [\n', '.kubeskippy-lint.yaml:2:1: '],
  ]
  for (const [what, config, said] of wrong) {
    it(`refuses ${what}`, async () => {
      const { code, out, err } = await run(config)
      expect({ code, out }).to.deep.equal({ code: 2, out: '' })
      expect(err).to.contain(`error: ${said}`)
    })
  }

  it('says all that is wrong at once', async () => expect((await run('a: 1\nseverities: 5\nexclude: 5\n')).err.trim().split('\n')).to.have.length(3))
  it('may be empty', async () => expect(await run('# nothing\n')).to.deep.include({ code: 0, err: '' }))

  it('makes errors of warnings, and nothing of them', async () => {
    const twice = policy((text) => text.replace('mode: automatic', 'mode: automatic\n  mode: automatic'))
    expect((await run('', twice)).out).to.contain('warning KS003')
    expect(await run('severities: {KS003: error}', twice)).to.deep.include({ code: 1 })
    const off = await run('severities: {KS003: off}', twice)
    expect(off.out).to.match(/^no violations/)
  })

  it('leaves fields that nobody knows to the one who applies without validation', async () => {
    const misspelt = policy((text) => `${text.trimEnd()}\n  safetyRuels: {}\n`)
    expect((await run('', misspelt)).code).to.equal(1)
    expect(await run('severities: {KS505: warning}', misspelt)).to.deep.include({ code: 0 })
  })

  it('tells the facts of the installation to the rules, so that both agree', async () => {
    const often = policy((text) => `${text.trimEnd()}\n  safetyRules: {maxActionsPerHour: 40}\n`)
    expect((await run('', often)).code).to.equal(0)
    expect((await run('installation: {ceiling: {maxActionsPerHour: 40}}', often)).code).to.equal(0)
    expect((await run('installation: {ceiling: {maxActionsPerHour: 39}}', often)).out).to.contain('error KS401')
    expect((await run('installation: {protectedNamespaces: [shop]}')).out).to.contain('error KS103')
    expect((await run('installation: {namespace: shop}')).out).to.contain('error KS103')
  })

  it('leaves out what was found, from its own folder, and never what was named', async () => {
    const files = { 'team/.kubeskippy-lint.yaml': 'exclude: [charts/**]\n', 'team/charts/p.yaml': GOOD, 'team/q.yaml': GOOD }
    const bench = setUpCli({ files })
    const count = async (line: string): Promise<unknown> => (JSON.parse((await bench.run(`${line} --config team/.kubeskippy-lint.yaml --format json`, noCluster)).out) as { summary: { files: number } }).summary.files
    expect(await count('lint team')).to.equal(1)
    expect(await count('lint')).to.equal(1)
    expect(await count('lint team/charts/p.yaml')).to.equal(1)
  })

  it('takes folders however people write them', async () => {
    for (const pattern of ['charts', 'charts/', './charts', './charts/', 'charts/**', './charts//*']) {
      const bench = setUpCli({ files: { '.kubeskippy-lint.yaml': `exclude: ["${pattern}"]\n`, 'charts/p.yaml': GOOD, 'q.yaml': GOOD } })
      const { out } = await bench.run('lint --format json', noCluster)
      expect((JSON.parse(out) as { summary: { files: number } }).summary.files, pattern).to.equal(1)
    }
  })

  it('is found further up', async () => {
    const files = { '.kubeskippy-lint.yaml': 'severites: {}\n', 'p.yaml': GOOD }
    const bench = setUpCli({ files })
    const { code } = await bench.run('lint p.yaml', { ...noCluster, folders: { ...bench.folders, here: '/here/below/it', kindOf: (path) => bench.folders.kindOf(path) } })
    expect(code).to.equal(2)
  })
})
