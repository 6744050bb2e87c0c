import { expect } from 'chai'
import { APPS } from './scenario.ts'
import { byHand, coloured, createView, momentLine, plain, verdictTable } from './view.ts'

const verdicts = [
  { app: 'leak', title: 'memory leak', expected: 'Effective', seen: 'as expected', audit: '1 eviction', ok: true, failures: [], after: 25.44 },
  { app: 'bystander', title: 'protected', expected: 'untouched', seen: '1 not as expected', audit: 'nothing', ok: false, failures: [{ what: 'pods', expected: 'the same', seen: 'a new one' }] },
]

describe('the view', () => {
  it('prints no control codes where there is no terminal', () => {
    const lines: string[] = []
    const view = createView((line) => { lines.push(line) }, plain)
    view.title('A')
    view.moment(1.25, 'leak', 'act', 'evicted')
    view.command('kubectl')
    expect(lines.concat(verdictTable(verdicts, plain)).join('\n')).not.to.contain('\u001b')
    expect(momentLine(1.25, 'leak', 'act', 'evicted', coloured)).to.contain('\u001b')
  })

  it('aligns the times, so that a column can be read', () => {
    expect(momentLine(1.25, 'leak', 'act', 'evicted', plain)).to.equal('   +1.3 s  leak        act        evicted')
  })

  it('tells how to go on with what the machine has', () => {
    const lines = byHand({ kubeconfig: '/k', bin: '/b', cluster: 'demo', apps: APPS })
    expect(lines.at(-1)).to.match(/^make down NAME=demo /)
    expect(lines.filter((line) => /\bnode\b/.test(line))).to.deep.equal([])
  })

  it('tells it of the apps that there are', () => {
    const told = (names: readonly string[]): string => byHand({ kubeconfig: '/k', bin: '/b', cluster: 'demo', apps: APPS.filter(({ name }) => names.includes(name)) }).join('\n')
    expect(told(['leak'])).to.contain('explain leak ').and.to.contain('deploy/leak').and.not.to.contain('broken')
    expect(told(['stale-lock'])).to.contain('explain crash-loops ').and.not.to.match(/leak|broken/)
  })

  it('says under the table what was not as expected', () => {
    expect(verdictTable(verdicts, plain)).to.deep.equal([
      '     app        what         expected   seen               written by KubeSkippy (audit log)  after',
      '  ✓  leak       memory leak  Effective  as expected        1 eviction                         25.4 s',
      '  ✗  bystander  protected    untouched  1 not as expected  nothing',
      '     bystander: pods: expected the same, seen a new one',
    ])
  })
})
