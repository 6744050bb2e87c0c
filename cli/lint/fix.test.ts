import { expect } from 'chai'
import * as fc from 'fast-check'
import { noCluster, setUpCli } from '../testing/bench.ts'
import { NO_CONFIG } from './config.ts'
import { diffOf, fixText } from './fix.ts'
import { asDuration } from './fix-scalars.ts'
import { CHART } from './testing/files.ts'

const GOOD = CHART.slice(0, CHART.indexOf('---', 4)).replace(/^---\n/, '')
const fixed = (text: string): string => fixText({ file: 'p.yaml', text }, NO_CONFIG).text

describe('kubeskippy lint --fix', () => {
  /** A line of a policy without faults, what it is replaced by, and what becomes of that. */
  const cases: readonly [what: string, line: string, wrong: string, right: string][] = [
    ['a name with letters transposed', 'restartAction: {}', 'restartActoin: {}', 'restartAction: {}'],
    ['a name in another case', '      matchLabels: {', '      matchlabels: {', '      matchLabels: {'],
    ['a name with separators', '      matchLabels: {', '      match_labels: {', '      matchLabels: {'],
    ['a name in quotes', '      matchLabels: {', '      "matchlabels": {', '      "matchLabels": {'],
    ['a word in another case', 'mode: monitor', 'mode: Monitor', 'mode: monitor'],
    ['a number where a string belongs', 'app: cart', 'app: 1.10', 'app: "1.10"'],
    ['a boolean where a string belongs', 'app: cart', 'app: on', 'app: "on"'],
    ['a status', 'duration: 2m}', 'duration: 2m, status: true}', 'duration: 2m, status: "True"}'],
    ['a number in quotes', 'mode: monitor', 'mode: monitor\n  safetyRules: {maxActionsPerHour: "3"}', 'mode: monitor\n  safetyRules: {maxActionsPerHour: 3}'],
    ['a boolean in quotes', 'mode: monitor', "mode: monitor\n  suspend: 'true'", 'mode: monitor\n  suspend: true'],
    ['a duration in words', 'duration: 2m', 'duration: 2 minutes', 'duration: 2m'],
    ['a duration in days', 'duration: 2m', 'duration: "1d"', 'duration: "24h"'],
    ['a label that is a number', 'name: good', 'name: good\n  labels: {team: 7}', 'name: good\n  labels: {team: "7"}'],
    ['a name in metadata', 'name: good', 'name: good\n  lables: {a: b}', 'name: good\n  labels: {a: b}'],
    ['what wrong labels hide', 'name: good\n  namespace: shop\nspec:\n  mode: monitor', 'name: good\n  namespace: shop\n  labels: {version: 1.10}\nspec:\n  mode: Monitor\n  suspend: "true"', 'name: good\n  namespace: shop\n  labels: {version: "1.10"}\nspec:\n  mode: monitor\n  suspend: true'],
    ['wrong names below wrong names', 'mode: monitor', 'mode: monitor\n  SafetyRules: {Schedules: [{During: {Schedule: "0 2 * * *", Duration: 2 hours}, Allow: "true"}], MaxConcurrent: "2"}', 'mode: monitor\n  safetyRules: {schedules: [{during: {schedule: "0 2 * * *", duration: 2h}, allow: true}], maxConcurrent: 2}'],
    ['a wrong name with wrong members', 'matchLabels: {app: cart}', 'matchlabels: {app: 1}', 'matchLabels: {app: "1"}'],
  ]
  for (const [what, line, wrong, right] of cases) {
    it(`corrects ${what}`, () => {
      const text = GOOD.replace(line, wrong)
      expect(text).to.not.equal(GOOD)
      expect(fixed(text)).to.equal(GOOD.replace(line, right))
      // With lines of Windows, comments and a byte order mark around it.
      const around = (each: string): string => `\ufeff# mode: Monitor\n${each.replaceAll(/$/gm, ' # matchlabels')}`.replaceAll('\n', '\r\n')
      expect(fixed(around(text).replaceAll(/\{ # /g, '{# '))).to.equal(around(GOOD.replace(line, right)).replaceAll(/\{ # /g, '{# '))
    })
  }

  it('leaves what an alias stands for: where it is written it may be meant', () => {
    const of = (annotations: string, trigger: string): string => GOOD.replace('name: good', `name: good\n  annotations: &a ${annotations}`).replace('{type: CrashLoopBackOff, duration: 2m}', trigger)
    for (const text of [
      of('{typ: CrashLoopBackOff}', '{<<: *a, duration: 2m}'),
      of('{typ: CrashLoopBackOff, duration: 2m}', '*a'),
      of('{type: CrashLoopBackOff, duration: 2 minutes}', '*a'),
      of('{type: &b crashloopbackoff}', '{type: *b, duration: 2m}'),
      of('{&b typ: x}', '{*b : CrashLoopBackOff, duration: 2m}'),
    ]) expect(fixed(text)).to.equal(text)
    expect(fixed(of('{typ: x}', '{typ: CrashLoopBackOff, duration: 2m}'))).to.contain('{typ: x}').and.to.contain('{type: CrashLoopBackOff')
  })

  const open: readonly [what: string, line: string, wrong: string][] = [
    ['a name that is near to nothing', 'mode: monitor', 'mode: monitor\n  whatever: 1'],
    ['a name beside the right one', 'mode: monitor', 'mode: monitor\n  Mode: dryrun'],
['two names that can be one field', 'mode: monitor', 'mode: monitor\n  safetyRules: {maxconcurrent: 2, max_concurrent: 3}'],
    ['a name that is near to a field beside another one that is', 'mode: monitor', 'mode: monitor\n  safetyRules: {MaxConcurrent: 2, maxConcurent: 3, maxActionsPerHour: 3}'],
    ['a number without a unit', 'duration: 2m', 'duration: 120'],
    ['an unknown unit', 'duration: 2m', 'duration: 2 fortnights'],
    ['a word that is none of them', 'mode: monitor', 'mode: observe'],
    ['an alias', 'mode: monitor', 'whatever: &m Monitor\n  mode: *m'],
    ['nothing where a string belongs', 'app: cart', 'app: [1]'],
    ['a name that is near to two', 'type: restart\n    restartAction: {}', 'type: scale\n    scaleAction: {direction: up, maReplicas: 5}'],
  ]
  it('writes a duration in hours although they are too many, alone and beside what else is wrong', () => {
    const wrong = GOOD.replace('mode: monitor', 'mode: monitor\n  safetyRules: {stabilizationWindow: 40 days}')
    const right = wrong.replace('40 days', '960h')
    expect(fixed(wrong)).to.equal(right)
    expect(fixed(wrong.replace('monitor', 'Monitor'))).to.equal(right)
  })

  it('corrects as many as there are behind a label that hides them', () => {
    const names = (quote: string): string => Array.from({ length: 60 }, (_, index) => `${quote}${index}${quote}`).join(', ')
    const of = (quote: string): string => GOOD.replace('name: good', `name: good\n  labels: {version: ${quote}1.10${quote}}`).replace('  selector:\n', `  selector:\n    resources: [{apiVersion: v1, kind: Pod, names: [${names(quote)}]}]\n`)
    expect(fixed(of(''))).to.equal(of('"'))
  })

  it('leaves a number without a unit also beside what can be corrected', () => {
    const wrong = GOOD.replace('mode: monitor', 'Mode: monitor').replace('duration: 2m', 'duration: 120')
    expect(fixed(wrong)).to.equal(wrong.replace('Mode: monitor', 'mode: monitor'))
  })

  for (const [what, line, wrong] of open) it(`leaves ${what}`, () => expect(fixed(GOOD.replace(line, wrong))).to.equal(GOOD.replace(line, wrong)))

  it('leaves what is right, or cannot be read, or is no UTF-8', () => {
    for (const text of [GOOD, 'a: {{ b }}\n', GOOD.replace('monitor', 'Monitor\ufffd'), '']) expect(fixed(text)).to.equal(text)
  })

  it('changes nothing the second time, nothing outside the lines that it names, and makes nothing worse', () => {
    const damage = fc.constantFrom(...cases.map(([, line, wrong]) => (text: string) => text.replace(line, wrong)), ...open.map(([, line, wrong]) => (text: string) => text.replace(line, wrong)), (text: string) => text.replaceAll('\n', '\r\n'), (text: string) => `${text}---\n${GOOD.replace('Mode', 'mode')}`)
    fc.assert(
      fc.property(fc.array(damage, { maxLength: 6 }), fc.nat(GOOD.length), fc.string({ maxLength: 3 }), (damages, at, noise) => {
        const broken = damages.reduce((text, each) => each(text), GOOD)
        const text = broken.slice(0, at) + noise + broken.slice(at)
        const { text: once, fixes } = fixText({ file: 'p.yaml', text }, NO_CONFIG)
        expect(fixText({ file: 'p.yaml', text: once }, NO_CONFIG)).to.deep.equal({ text: once, fixes: 0 })
        const [before, after] = [text.split('\n'), once.split('\n')]
        expect(after.length).to.equal(before.length)
        const changed = before.filter((line, index) => line !== after[index])
        expect(changed.length).to.be.at.most(fixes)
        if (fixes === 0) expect(once).to.equal(text)
        // Comments stay.
        expect(after.map((line) => / # .*$/.exec(line)?.[0])).to.deep.equal(before.map((line) => / # .*$/.exec(line)?.[0]))
      }),
      { numRuns: 300 },
    )
  }).timeout(60_000)

  it('writes the file, and reports what is left', async () => {
    const bench = setUpCli({ files: { 'p.yaml': GOOD.replace('monitor', 'Monitor').replace('app: cart', 'app: [1]'), 'q.yaml': GOOD } })
    const { code, out, err } = await bench.run('lint p.yaml q.yaml --fix', noCluster)
    expect(bench.files['p.yaml']).to.equal(GOOD.replace('app: cart', 'app: [1]'))
    expect({ code, err }).to.deep.equal({ code: 1, err: 'fixed p.yaml: 1 place\n' })
    expect(out).to.contain('error KS001').and.to.contain('1 error, ')
  })

  it('shows what it would write, and writes nothing, in a dry run', async () => {
    const text = GOOD.replace('monitor', 'Monitor')
    const bench = setUpCli({ files: { 'p.yaml': text } })
    const { code, out } = await bench.run('lint p.yaml --fix --dry-run', noCluster)
    expect(bench.files['p.yaml']).to.equal(text)
    expect(out.split('\n').slice(0, 5)).to.deep.equal(['--- p.yaml', '+++ p.yaml', '@@ -8 +8 @@', '-  mode: Monitor', '+  mode: monitor'])
    expect(code).to.equal(1)
  })

  it('offers its edits in JSON and SARIF, each at what was found there', async () => {
    const text = GOOD.replace('monitor', 'Monitor').replace('duration: 2m', 'duration: 2 minutes').replace('namespace: shop', 'namespace: shop\n  lables: {a: b}')
    const bench = setUpCli({ files: { 'p.yaml': text } })
    const { findings } = JSON.parse((await bench.run('lint p.yaml --format json', noCluster)).out) as { findings: { line: number; column: number; endColumn: number; correction?: string }[] }
    expect(findings.map(({ correction }) => correction)).to.deep.equal(['labels', 'monitor', '2m'])
    const lines = text.split('\n')
    for (const { line, column, endColumn, correction = '' } of findings) lines[line - 1] = `${lines[line - 1]?.slice(0, column - 1)}${correction}${lines[line - 1]?.slice(endColumn - 1)}`
    expect(lines.join('\n')).to.equal(fixed(text))
    expect((await bench.run('lint p.yaml --format sarif', noCluster)).out.match(/"insertedContent"/g)).to.have.length(3)
    expect((await bench.run('lint p.yaml --format github', noCluster)).out).to.not.contain('correction')
  })

  it('does not fix standard input, and a dry run of nothing is a mistake', async () => {
    expect(await setUpCli({ files: { '-': GOOD } }).run('lint - --fix', noCluster)).to.deep.include({ code: 2, err: 'error: --fix corrects files, and standard input is none: write it to a file first\n' })
    expect((await setUpCli({ files: { 'p.yaml': GOOD } }).run('lint p.yaml --dry-run', noCluster)).code).to.equal(2)
  })

  it('makes a diff that names each line', () => expect(diffOf('f', 'a\nb\nc\n', 'a\nB\nC\n')).to.equal('--- f\n+++ f\n@@ -2 +2 @@\n-b\n+B\n@@ -3 +3 @@\n-c\n+C\n'))

  const durations: readonly [text: string, duration: string | undefined][] = [
    ['1d', '24h'], ['90 seconds', '90s'], ['1h 30min', '1h30m'], ['2 hrs', '2h'], ['5', undefined], ['5 M', undefined], ['1 week', undefined], ['m5', undefined], ['', undefined], ['5m5', undefined],
  ]
  for (const [text, duration] of durations) it(`reads ${text === '' ? 'nothing' : text} as ${duration ?? 'no duration'}`, () => expect(asDuration(text)).to.equal(duration))
})
