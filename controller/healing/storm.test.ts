import { expect } from 'chai'
import * as fc from 'fast-check'
import { formatInstant, minutes, seconds } from '../../shared/lib/time.ts'
import { parseMaxUnhealthy, unhealthyLimit } from '../../shared/rules/safety/max-unhealthy.ts'
import { calmLimit, nextStorm, refuseStorm, stepStorm, type Storm, type Weather } from './storm.ts'
import { at } from './testing/builders.ts'

const CALM = minutes(2)
const weather = (unhealthy: number, limit = 4): Weather => ({ unhealthy, of: 20, limit, calmFor: CALM })
const time = (span: number): string => formatInstant(at(span))
const since: Storm = { since: time(0) }
const calm: Storm = { since: time(0), calmSince: time(minutes(1)) }
const easing: Storm = { since: time(0), easingSince: time(minutes(3)) }

describe('how many may be unhealthy', () => {
  const cases: readonly [text: string, of: number, limit: number][] = [
    ['20%', 0, 1], ['20%', 1, 1], ['20%', 5, 1], ['20%', 6, 2], ['20%', 10, 2], ['20%', 11, 3], ['20%', 100, 20], ['20%', 101, 21],
    ['1%', 3, 1], ['100%', 7, 7], ['55%', 20, 11], ['0%', 10, 0], ['0', 10, 0], ['3', 2, 3], ['3', 1000, 3],
  ]
  for (const [text, of, limit] of cases) {
    it(`${text} of ${of} are ${limit}`, () => expect(unhealthyLimit(parseMaxUnhealthy(text) ?? { count: -1 }, of)).to.equal(limit))
  }
  for (const text of ['', '20 %', '-1', '1.5%', '101%', '%', 'half', '2 0', '020000', '1e3']) it(`"${text}" is no share`, () => expect(parseMaxUnhealthy(text)).to.equal(undefined))
})

describe('the storm gate', () => {
  const steps: readonly [title: string, before: Storm | undefined, weather: Weather, now: number, after: Storm | undefined][] = [
    ['stays open just below its limit', undefined, weather(3), 0, undefined],
    ['stays open at its limit', undefined, weather(4), 0, undefined],
    ['closes just above its limit', undefined, weather(5), 0, since],
    ['always lets one be unhealthy', undefined, weather(1, 1), 0, undefined],
    ['closes at two where one may be', undefined, weather(2, 1), 0, since],
    ['closes at one where none may be', undefined, weather(1, 0), 0, since],
    ['stays closed below its limit', since, weather(4), minutes(60), since],
    ['stays closed just above half of it', since, weather(3), minutes(60), since],
    ['begins to count at half of it', since, weather(2), minutes(1), calm],
    ['begins to count at one, where one may be', since, weather(1, 1), minutes(1), calm],
    ['begins to count at none, where none may be', since, weather(0, 0), minutes(1), calm],
    ['counts anew after a gust', calm, weather(3), minutes(2), since],
    ['stays closed just before it has been calm for long enough', calm, weather(0), minutes(3) - 1, calm],
    ['eases when it has been calm for long enough', calm, weather(2), minutes(3), easing],
    ['keeps easing up to its limit', easing, weather(4), minutes(4), easing],
    ['closes again above its limit while it eases', easing, weather(5), minutes(4), { since: time(minutes(4)) }],
    ['keeps easing just before its time is over', easing, weather(0), minutes(5) - 1, easing],
    ['opens when its time is over', easing, weather(4), minutes(5), undefined],
    ['stays closed when it cannot be read since when it is calm', { since: time(0), calmSince: 'noon' }, weather(0), minutes(600), { since: time(0), calmSince: 'noon' }],
  ]
  for (const [title, before, seen, now, after] of steps) {
    it(title, () => {
      const next = stepStorm(before, seen, at(now))
      expect(next).to.deep.equal(after)
      // What is the same is told by identity: nothing is written then.
      if (JSON.stringify(before) === JSON.stringify(after)) expect(next).to.equal(before)
    })
  }

  it('says when it looks again', () => {
    expect([nextStorm(undefined, CALM), nextStorm(since, CALM)]).to.deep.equal([undefined, undefined])
    expect(nextStorm(calm, CALM)).to.equal(at(minutes(3)))
    expect(nextStorm(easing, CALM)).to.equal(at(minutes(5)))
  })
  it('lets nothing through while it is closed, and one at a time while it eases', () => {
    expect(refuseStorm(undefined, true, 'of the policy')).to.equal(undefined)
    expect(refuseStorm(since, false, 'of the policy')?.reason).to.equal('StormGate')
    expect(refuseStorm(calm, false, 'of the policy')?.reason).to.equal('StormGate')
    expect(refuseStorm(easing, false, 'of the policy')).to.equal(undefined)
    expect(refuseStorm(easing, true, 'of the policy')?.message).to.contain('one action at a time')
  })

  it('is never open above its limit, never opens without calm for its whole time, and opens when all is well', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 12 }), fc.integer({ min: 1, max: 90 })), { maxLength: 80 }), fc.integer({ min: 0, max: 6 }), (life, limit) => {
        let storm: Storm | undefined
        let now = 0
        let calmFrom: number | undefined
        for (const [unhealthy, wait] of life) {
          const before = storm
          storm = stepStorm(storm, weather(unhealthy, limit), at(now))
          if (unhealthy > calmLimit(limit)) calmFrom = undefined
          else calmFrom ??= now
          if (unhealthy > limit) expect(refuseStorm(storm, false, '')).to.not.equal(undefined)
          const opened = refuseStorm(before, false, '') !== undefined && refuseStorm(storm, false, '') === undefined
          if (opened) expect(now - (calmFrom ?? now)).to.be.at.least(CALM)
          now += seconds(wait)
        }
        for (let i = 0; i < 5; i++) storm = stepStorm(storm, weather(0, limit), at((now += CALM)))
        expect(storm).to.equal(undefined)
      }),
    )
  })

  it('does not flap: health that swings faster than calm takes closes it once, and calm that lasts opens it by two steps', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 5, max: 20 }), fc.integer({ min: 1, max: CALM - 1 }), fc.nat({ max: 4 }), fc.integer({ min: 1, max: CALM - 1 })), { minLength: 1, maxLength: 60 }), (swings) => {
        let storm: Storm | undefined
        let now = 0
        const states: string[] = []
        const look = (unhealthy: number): void => {
          storm = stepStorm(storm, weather(unhealthy), at(now))
          const state = storm === undefined ? 'open' : storm.easingSince === undefined ? 'closed' : 'easing'
          if (states.at(-1) !== state) states.push(state)
        }
        for (const [bad, forSo, good, andSo] of swings) {
          look(bad)
          now += forSo
          look(good)
          now += andSo
        }
        expect(states).to.deep.equal(['closed'])
        const over = now
        for (; states.at(-1) !== 'open'; now += seconds(1)) look(0)
        expect(states).to.deep.equal(['closed', 'easing', 'open'])
        expect(now - over).to.be.at.least(CALM * 2 - (swings.at(-1)?.[3] ?? 0))
      }),
      { numRuns: 40 },
    )
  })
})
