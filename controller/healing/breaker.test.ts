import { expect } from 'chai'
import * as fc from 'fast-check'
import { hours, minutes, parseInstant, type Instant } from '../../shared/lib/time.ts'
import { admitProbe, askBreaker, closedBreaker, settleBreaker, LONGEST_OPEN, type BreakerState, type Verdict } from './breaker.ts'
import { at, T0 } from './testing/builders.ts'

const OPTIONS = { failureThreshold: 3, openDuration: minutes(10) }
const after = (verdicts: readonly Verdict[], options = OPTIONS): BreakerState =>
  verdicts.reduce<BreakerState>((state, verdict, i) => settleBreaker(state, `a-${i}`, verdict, T0, options), closedBreaker)
const until = (state: BreakerState): Instant | undefined => parseInstant(state.openUntil)

const E = 'Effective'
const I = 'Ineffective'
const U = 'Inconclusive'
const N = 'NotDone'

describe('a closed breaker', () => {
  const cases: readonly [string, readonly Verdict[], BreakerState['state'], number][] = [
    ['stays closed just below its threshold', [I, I], 'Closed', 2],
    ['opens at its threshold', [I, I, I], 'Open', 3],
    ['counts only failures in a row', [I, I, E, I, I], 'Closed', 2],
    ['forgets its failures after a success', [I, I, E], 'Closed', 0],
    ['opens when half of the last six did not help', [I, E, I, E, E, I], 'Open', 1],
    ['stays closed when two of the last six did not help', [E, E, I, E, E, I], 'Closed', 1],
    ['stays closed when half of fewer than six did not help', [I, E, I, E, I], 'Closed', 1],
    ['looks at the last six only', [I, I, E, E, E, E, E, I], 'Closed', 1],
    ['does not open on a success', [I, E, I, E, E, E, E], 'Closed', 0],
    ['learns nothing from what cannot be known', [I, I, U, U, U], 'Closed', 2],
    ['learns nothing from what was not done', [I, I, N, N, N], 'Closed', 2],
    ['keeps counting after what cannot be known', [I, I, U, N, I], 'Open', 3],
  ]
  for (const [title, verdicts, state, failures] of cases) it(title, () => expect(after(verdicts)).to.include({ state, failures }))
  it('opens at once with a threshold of one', () => expect(after([I], { ...OPTIONS, failureThreshold: 1 }).state).to.equal('Open'))
  it('stays open for the configured time', () => expect(until(after([I, I, I]))).to.equal(at(minutes(10))))
})

describe('an open breaker', () => {
  const open = after([I, I, I])
  it('refuses until just before its end, and lets a probe through at its end', () => {
    expect(askBreaker(open, at(minutes(10) - 1))).to.deep.equal({ kind: 'Refused', until: at(minutes(10)) })
    expect(askBreaker(open, at(minutes(10)))).to.deep.equal({ kind: 'Probe' })
    expect(askBreaker(open, at(minutes(10) + 1))).to.deep.equal({ kind: 'Probe' })
  })
  for (const openUntil of [undefined, '', 'soon', '2030-13-01T00:00:00Z', '0']) {
    it(`stays open when its end reads ${openUntil ?? 'nothing'}`, () => {
      const { openUntil: _, ...rest } = open
      expect(askBreaker(openUntil === undefined ? rest : { ...open, openUntil }, at(hours(1_000_000)))).to.deep.equal({ kind: 'Refused' })
    })
  }
  for (const verdict of [E, I, U, N] as const) it(`is not moved by a late ${verdict}`, () => expect(settleBreaker(open, 'late', verdict, at(1), OPTIONS)).to.equal(open))
})

describe('a half-open breaker', () => {
  const half = admitProbe(after([I, I, I]), 'probe')
  it('lets nothing else through while its probe is under way', () => expect(askBreaker(half, at(hours(9)))).to.deep.equal({ kind: 'Refused' }))
  it('closes and forgets everything when the probe helped', () => expect(settleBreaker(half, 'probe', E, T0, OPTIONS)).to.deep.equal(closedBreaker))
  it('lets another probe through when nothing was done', () => {
    const again = settleBreaker(half, 'probe', N, T0, OPTIONS)
    expect(again).to.include({ state: 'HalfOpen' }).and.not.have.property('probe')
    expect(askBreaker(again, T0)).to.deep.equal({ kind: 'Probe' })
  })
  for (const verdict of [I, U] as const) {
    it(`opens for twice as long when the probe was ${verdict}`, () => {
      expect(until(settleBreaker(half, 'probe', verdict, T0, OPTIONS))).to.equal(at(minutes(20)))
    })
  }
  for (const verdict of [E, I, U, N] as const) it(`is not moved by the ${verdict} of another act`, () => expect(settleBreaker(half, 'late', verdict, T0, OPTIONS)).to.equal(half))
  it('doubles up to four hours, and never beyond', () => {
    let state: BreakerState = after([I, I, I])
    const spans: number[] = []
    for (let i = 0; i < 60; i++) {
      state = settleBreaker(admitProbe(state, 'probe'), 'probe', I, T0, OPTIONS)
      spans.push((until(state) ?? T0) - T0)
    }
    expect(spans.slice(0, 6)).to.deep.equal([20, 40, 80, 160, 240, 240].map((n) => minutes(n)))
    expect(Math.max(...spans)).to.equal(LONGEST_OPEN)
  })
  it('begins small again after it was closed', () => {
    const closed = settleBreaker(admitProbe(settleBreaker(half, 'probe', I, T0, OPTIONS), 'p2'), 'p2', E, T0, OPTIONS)
    const opened = [I, I, I].reduce((state, verdict, i) => settleBreaker(state, `b-${i}`, verdict as Verdict, T0, OPTIONS), closed)
    expect(until(opened)).to.equal(at(minutes(10)))
  })
})

describe('any breaker', () => {
  const verdict = fc.constantFrom<Verdict>(E, I, U, N)
  const move = fc.record({ step: fc.integer({ min: 0, max: hours(5) }), settle: fc.option(fc.record({ which: fc.nat(), verdict })) })

  it('admits nothing while open and exactly one act while half-open', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60, size: 'max' }), fc.record({ failureThreshold: fc.integer({ min: 1, max: 5 }), openDuration: fc.integer({ min: 1000, max: hours(4) }) }), (moves, raw) => {
        const options = { ...raw, openDuration: raw.openDuration as typeof LONGEST_OPEN }
        let now = T0 as number
        let state: BreakerState = closedBreaker
        const flying: string[] = []
        for (const [i, { step, settle }] of moves.entries()) {
          now += step
          const answer = askBreaker(state, now as Instant)
          if (state.state === 'Open' && until(state) !== undefined && now < Number(until(state))) expect(answer.kind).to.equal('Refused')
          if (state.state === 'HalfOpen') expect(answer.kind).to.equal(flying.includes(state.probe ?? '') ? 'Refused' : 'Probe')
          if (answer.kind !== 'Refused') {
            if (answer.kind === 'Probe') state = admitProbe(state, `a-${i}`)
            flying.push(`a-${i}`)
          }
          if (settle === null || flying.length === 0) continue
          const [action = ''] = flying.splice(settle.which % flying.length, 1)
          state = settleBreaker(state, action, settle.verdict, now as Instant, options)
          expect(state.recent.length).to.be.at.most(6)
          const end = until(state)
          if (end !== undefined) expect(end - now).to.be.at.most(LONGEST_OPEN)
        }
      }),
    )
  })
})
