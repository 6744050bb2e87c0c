import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { called, type Finding, type Report } from '../finding.ts'
import { MECHANISMS } from '../../../shared/rules/mechanisms.ts'
import { RULE_TEXTS } from '../layers.ts'
import { githubReport } from './github.ts'
import { junitReport } from './junit.ts'
import { sarifReport } from './sarif.ts'
import { textReport } from './text.ts'

const { $schema: _, id: __, ...schema } = JSON.parse(readFileSync(new URL('../testdata/sarif-2.1.0.json', import.meta.url), 'utf8')) as Record<string, unknown>
const formats = { uri: (text: string) => URL.canParse(text), 'uri-reference': (text: string) => /^[\w\-.~:/?#@!$&'()*+,;=%]*$/.test(text) && URL.canParse(text, 'file:///'), 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) }
const valid = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false, formats }).compile(schema)

const finding = (changes: Partial<Finding> = {}): Finding => ({
  rule: 'KS303', level: 'error', path: 'spec.actions[0]', what: 'what', why: 'why', fix: 'fix', file: 'a/b.yaml', line: 3, column: 5, endLine: 3, endColumn: 9, subject: { kind: 'HealingPolicy', namespace: 'shop', name: 'cart' }, object: 0, ...changes,
})
const report = (findings: readonly Finding[], changes: Partial<Report> = {}): Report => ({
  version: '1.2.3', failOn: 'error', findings, problems: [], files: 1, subjects: [{ index: 0, file: 'a/b.yaml', subject: { kind: 'HealingPolicy', namespace: 'shop', name: 'cart' } }], skipped: 0, unchecked: [], asked: 'nobody', texts: new Map(), ...changes,
})

const anyText = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.constantFrom('a,b:c%d\r\n::error::x', ']]>&<"\u0000\u001b', '\ud800', '../ä b/#c?.yaml', '/abs/x.yaml', 'C:\\x'))
const anyReport = fc.record({ file: anyText, what: anyText, path: anyText, name: anyText, line: fc.integer({ min: 1, max: 9 }), column: fc.integer({ min: 1, max: 300 }), level: fc.constantFrom('error' as const, 'warning' as const) }).map(({ file, what, path, name, line, column, level }) => {
  const subject = { kind: 'HealingPolicy', name }
  return report([finding({ file, what, path, line, column, endLine: line, endColumn: column + 3, level, subject, source: path, correction: what })], { problems: [{ file, what }, { file, what, line, column }], subjects: [{ index: 0, file, subject }], texts: new Map([[file, `${what}\n${'é\t'.repeat(200)}\n`]]) })
})

describe('SARIF', () => {
  it('is valid by the published schema, whatever is in it', () => {
    fc.assert(fc.property(anyReport, (each) => void expect(valid(JSON.parse(sarifReport(each))), JSON.stringify(valid.errors)).to.equal(true)))
  })

  it('would not be valid with a member too many, or without a message', () => {
    const log = JSON.parse(sarifReport(report([finding()]))) as { runs: { results: Record<string, unknown>[] }[] }
    const [result] = log.runs[0]?.results ?? []
    expect(valid({ ...log, runs: [{ ...log.runs[0], results: [{ ...result, odd: 1 }] }] })).to.equal(false)
    expect(valid({ ...log, runs: [{ ...log.runs[0], results: [{ ...result, message: undefined }] }] })).to.equal(false)
  })

  it('tells about every rule that found something, and leads from each result to its own', () => {
    const { runs } = JSON.parse(sarifReport(report(RULE_TEXTS.map(({ id }) => finding({ rule: id }))))) as { runs: { tool: { driver: { rules: { id: string; help: unknown }[] } }; results: { ruleId: string; ruleIndex: number }[] }[] }
    const [run] = runs
    expect(run?.results.map(({ ruleId, ruleIndex }) => [ruleId, run.tool.driver.rules[ruleIndex]?.id])).to.deep.equal(RULE_TEXTS.map(({ id }) => [id, id]))
  })

  const resultsOf = (findings: readonly Finding[]): Record<string, never>[] => (JSON.parse(sarifReport(report(findings))) as { runs: { results: Record<string, never>[] }[] }).runs[0]?.results ?? []

  it('tells results apart that are of one rule and one field, and knows them again when lines move', () => {
    const of = (...lines: number[]): unknown[] => resultsOf([...lines.map((line) => finding({ line, endLine: line })), finding({ path: 'spec.mode' })]).map(({ partialFingerprints }) => partialFingerprints)
    expect(new Set(of(1, 2, 3).map((each) => JSON.stringify(each))).size).to.equal(4)
    expect(of(1, 2, 3)).to.deep.equal(of(7, 8, 20))
  })

  it('offers what --fix would write, at its place', () => {
    const [result] = resultsOf([finding({ correction: '"x"' })])
    expect(result?.['fixes']).to.deep.equal([{ description: { text: 'write "x"' }, artifactChanges: [{ artifactLocation: { uri: 'a/b.yaml' }, replacements: [{ deletedRegion: { startLine: 3, startColumn: 5, endLine: 3, endColumn: 9 }, insertedContent: { text: '"x"' } }] }] }])
  })

  it('names what was not checked', () => {
    const { runs } = JSON.parse(sarifReport(report([], { unchecked: [{ rule: 'KS109', needs: 'cluster' }] }))) as { runs: { invocations: { toolExecutionNotifications: unknown }[] }[] }
    expect(runs[0]?.invocations[0]?.toolExecutionNotifications).to.deep.equal([{ level: 'note', message: { text: 'not checked without --server (they need the cluster): KS109' } }])
  })

  it('brings the reference of a rule along: no address has to be reached', () => {
    const { runs } = JSON.parse(sarifReport(report(RULE_TEXTS.map(({ id }) => finding({ rule: id }))))) as { runs: { tool: { driver: { rules: { id: string; help: { text: string; markdown: string } }[] } } }[] }
    for (const { id, help } of runs[0]?.tool.driver.rules ?? []) {
      for (const part of [MECHANISMS[id] ?? expect.fail(id), RULE_TEXTS.find((rule) => rule.id === id)?.fix ?? expect.fail(id)]) expect(help.text, id).to.contain(part)
      expect(help.markdown).to.contain('**What happens:**')
    }
  })

  it('writes files as addresses', () => {
    const uri = (file: string): unknown => (JSON.parse(sarifReport(report([finding({ file })]))) as { runs: { results: { locations: { physicalLocation: { artifactLocation: { uri: string } } }[] }[] }[] }).runs[0]?.results[0]?.locations[0]?.physicalLocation.artifactLocation.uri
    expect(['a b/c#d.yaml', '<stdin>', '/abs/ä.yaml', '../up.yaml'].map(uri)).to.deep.equal(['a%20b/c%23d.yaml', '%3Cstdin%3E', 'file:///abs/%C3%A4.yaml', '../up.yaml'])
  })
})

describe('JUnit', () => {
  /** Tags open and close in order, attributes are quoted, and nothing else is there that XML does not have. */
  const wellFormed = (xml: string): boolean => {
    const open: string[] = []
    const rest = xml.replace(/^<\?xml [^?]*\?>/, '').replaceAll(/<(\/?)([a-z-]+)((?: [a-z]+="[^"<]*")*)(\/?)>/g, (_tag, closes: string, name: string, _attributes: string, empty: string) => {
      if (closes === '/') return open.pop() === name ? '' : '<'
      if (empty === '') open.push(name)
      return ''
    })
    // oxlint-disable-next-line no-control-regex -- these characters are the subject
    return open.length === 0 && !/[<\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(rest) && !/&(?!(?:amp|lt|gt|quot);)/.test(xml) && xml.isWellFormed()
  }

  it('is well-formed, whatever is in it', () => fc.assert(fc.property(anyReport, (each) => void expect(wellFormed(junitReport(each)), junitReport(each)).to.equal(true))))

  it('has a test for each object, which fails at or above the level', () => {
    const warning = report([finding({ level: 'warning' })])
    expect(junitReport(warning)).to.contain('tests="1" failures="0" errors="0"').and.to.contain('<system-out>')
    expect(junitReport({ ...warning, failOn: 'warning' })).to.contain('tests="1" failures="1" errors="0"')
    expect(junitReport(report([]))).to.contain(`<testcase name="${called({ kind: 'HealingPolicy', namespace: 'shop', name: 'cart' })}" classname="a/b.yaml"/>`)
    expect(junitReport(report([finding(), finding({ rule: 'KS101' })]))).to.contain('message="2 violations"')
  })
})

describe('the workflow commands of GitHub', () => {
  it('are one line each, and nothing in them begins another or ends early', () => {
    fc.assert(
      fc.property(anyReport, (each) => {
        const lines = githubReport(each).split(/\r\n|\r|\n/)
        expect(lines).to.have.length(5)
        for (const line of lines.slice(0, 3)) expect(line).to.match(/^::(?:error|warning) file=[^,:]*,(?:[a-zA-Z]+=[^,:]*,)*title=[^,:]*::/)
      }),
    )
  })

  it('escape as the toolkit of GitHub does', () => {
    expect(githubReport(report([finding({ file: 'a,b:c%.yaml', what: 'x:y,z%\nw', path: '' })])).split('\n')[0]).to.equal('::error file=a%2Cb%3Ac%25.yaml,line=3,endLine=3,col=5,endColumn=9,title=KS303::HealingPolicy shop/cart: x:y,z%25%0Aw — why — fix')
  })
})

describe('the text', () => {
  const carets = (line: string, column: number, endColumn: number): string[] => {
    const text = textReport(report([finding({ line: 1, endLine: 1, column, endColumn })], { texts: new Map([['a/b.yaml', line]]) }), (each) => each)
    const [, shown = '', below = ''] = text.split('\n')
    return [shown.slice(6), below.slice(6)]
  }
  it('sets carets below what it is about', () => {
    expect(carets('a: bc', 4, 6)).to.deep.equal(['a: bc', '   ^^'])
    expect(carets('\ta: "b"\r', 5, 8)).to.deep.equal([' a: "b"', '    ^^^'])
    expect(carets('\u{1F600}: b', 5, 6)).to.deep.equal(['\u{1F600}: b', '    ^'])
    expect(carets('日本: 名前', 5, 7)).to.deep.equal(['日本: 名前', '      ^^^^'])
    expect(carets('e\u0301: b', 5, 6)).to.deep.equal(['e\u0301: b', '   ^'])
    expect(carets('\ufeffa: b', 4, 5)).to.deep.equal(['a: b', '   ^'])
  })
  it('cuts a long line around the place', () => {
    const [shown = '', below = ''] = carets(`${'x'.repeat(500)}here${'y'.repeat(500)}`, 501, 505)
    expect(shown).to.match(/^…x{40}herey{76}…$/)
    expect(below).to.equal(`${' '.repeat(41)}^^^^`)
  })
  it('never fails, whatever is in it', () => fc.assert(fc.property(anyReport, (each) => void textReport(each, (text) => text))))
})
