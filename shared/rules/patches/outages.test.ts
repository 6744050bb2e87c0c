import { expect } from 'chai'
import { parsePatch } from './parse.ts'
import { outages } from './outages.ts'

const app = (members: string): string => `spec: {template: {spec: {containers: [{name: app, ${members}}]}}}`

/** What the door says, who knows no object. */
function atTheDoor(patch: string): string[] {
  const parsed = parsePatch({ type: 'strategic', patch })
  return 'problems' in parsed ? ['cannot be read'] : outages(parsed.touches).map(({ path, why }) => `${path.slice(-2).map(({ key }) => key).join('.')}: ${why.split(':')[0] ?? ''}`)
}

describe('probes that a patch leaves', () => {
  const silent = (seconds: number, field = 'periodSeconds'): string[] => [`livenessProbe.${field}: a container that does not answer for ${seconds}s would be killed, and each is busy for that long now and then`]
  const slow = (seconds: number, field = 'periodSeconds'): string[] => [`startupProbe.${field}: a container that takes longer than ${seconds}s to start would be killed each time`]
  const late = (seconds: number, field = 'periodSeconds'): string[] => [`readinessProbe.${field}: no pod would be Ready before ${seconds}s`]
  const quick = (seconds: number, field = 'periodSeconds'): string[] => [`readinessProbe.${field}: a pod that does not answer for ${seconds}s would get no more requests, and under load all of them are as late`]
  const hangs = (seconds: number, field = 'periodSeconds'): string[] => [`livenessProbe.${field}: a container that hangs would be left alone for ${seconds}s`]
  const cases: readonly [string, readonly string[]][] = [
    // (failureThreshold - 1) × periodSeconds + timeoutSeconds from 5 up; 3, 10 and 1 by default.
    ['livenessProbe: {periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1}', silent(1)],
    ['livenessProbe: {failureThreshold: 1}', silent(1, 'failureThreshold')],
    ['livenessProbe: {failureThreshold: 1, timeoutSeconds: 4}', silent(4, 'failureThreshold')],
    ['livenessProbe: {failureThreshold: 1, timeoutSeconds: 5}', []],
    ['livenessProbe: {failureThreshold: 2}', []],
    ['livenessProbe: {periodSeconds: 1}', silent(3)],
    ['livenessProbe: {periodSeconds: 1, failureThreshold: 5}', []],
    ['livenessProbe: {periodSeconds: 1, failureThreshold: 4}', silent(4)],
    ['livenessProbe: {periodSeconds: 2}', []],
    ['livenessProbe: {timeoutSeconds: 1}', []],
    ['livenessProbe: {timeoutSeconds: null}', []],
    ['livenessProbe: {initialDelaySeconds: 0}', []],
    // initialDelaySeconds + failureThreshold × periodSeconds from 10 up.
    ['startupProbe: {periodSeconds: 1, failureThreshold: 1}', slow(1)],
    ['startupProbe: {periodSeconds: 1, failureThreshold: 9}', slow(9)],
    ['startupProbe: {periodSeconds: 1, failureThreshold: 10}', []],
    ['startupProbe: {periodSeconds: 3}', slow(9)],
    ['startupProbe: {periodSeconds: 3, initialDelaySeconds: 1}', []],
    ['startupProbe: {failureThreshold: 1}', []],
    // initialDelaySeconds + successThreshold × periodSeconds up to ten minutes.
    ['readinessProbe: {initialDelaySeconds: 590}', []],
    ['readinessProbe: {initialDelaySeconds: 591}', late(601, 'initialDelaySeconds')],
    ['readinessProbe: {periodSeconds: 301, successThreshold: 2}', late(602)],
    ['readinessProbe: {successThreshold: 60}', []],
    ['readinessProbe: {successThreshold: 61}', late(610, 'successThreshold')],
    // (failureThreshold - 1) × periodSeconds + timeoutSeconds from 2 up.
    ['readinessProbe: {periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1}', quick(1)],
    ['readinessProbe: {failureThreshold: 1}', quick(1, 'failureThreshold')],
    ['readinessProbe: {failureThreshold: 1, timeoutSeconds: 2}', []],
    ['readinessProbe: {periodSeconds: 1, failureThreshold: 2}', []],
    // failureThreshold × the longer of periodSeconds and timeoutSeconds up to an hour, of a liveness probe with its delay; to start in six.
    ['livenessProbe: {periodSeconds: 360, failureThreshold: 10}', []],
    ['livenessProbe: {periodSeconds: 361, failureThreshold: 10}', hangs(3610)],
    ['livenessProbe: {failureThreshold: 360}', []],
    ['livenessProbe: {failureThreshold: 361}', hangs(3610, 'failureThreshold')],
    ['livenessProbe: {timeoutSeconds: 1200}', []],
    ['livenessProbe: {timeoutSeconds: 1201}', hangs(3603, 'timeoutSeconds')],
    ['livenessProbe: {initialDelaySeconds: 3570}', []],
    ['livenessProbe: {initialDelaySeconds: 3571}', hangs(3601, 'initialDelaySeconds')],
    ['readinessProbe: {periodSeconds: 600, failureThreshold: 6}', []],
    ['readinessProbe: {periodSeconds: 600, failureThreshold: 7}', ['readinessProbe.periodSeconds: a pod that does not answer would be sent requests for 4200s']],
    ['startupProbe: {failureThreshold: 2160}', []],
    ['startupProbe: {failureThreshold: 2161}', ['startupProbe.failureThreshold: a container that hangs at its start would be left alone for 21610s']],
    ['startupProbe: {initialDelaySeconds: 3600, periodSeconds: 60, failureThreshold: 300}', []],
    ['startupProbe: {initialDelaySeconds: 3600, periodSeconds: 60, failureThreshold: 301}', ['startupProbe.initialDelaySeconds: a container that hangs at its start would be left alone for 21660s']],
    // Others say what is wrong with it.
    ['livenessProbe: {failureThreshold: none}', []],
    ['resources: {limits: {cpu: 1}}', []],
  ]
  for (const [probe, told] of cases) it(`${probe}: ${told.length === 0 ? 'hold' : 'do not'}`, () => expect(atTheDoor(app(probe))).to.deep.equal(told))

  it('are judged one by one', () => expect(atTheDoor(app('livenessProbe: {periodSeconds: 1}, readinessProbe: {timeoutSeconds: 5}, startupProbe: {periodSeconds: 1}'))).to.deep.equal([...silent(3), ...slow(3)]))
})

describe('probes that a patch leaves on an object', () => {
  const object = (livenessProbe: object): object => ({ spec: { template: { spec: { containers: [{ name: 'app', livenessProbe }] } } } })
  const left = (before: object, after: object): string[] => {
    const parsed = parsePatch({ type: 'strategic', patch: app(`livenessProbe: ${JSON.stringify(after)}`) })
    return 'problems' in parsed ? ['cannot be read'] : outages(parsed.touches, { before: object(before), after: object({ ...before, ...after }) }).map(({ why }) => why.split(':')[0] ?? '')
  }
  it('are judged by what they come to with what is there', () => {
    expect(left({ periodSeconds: 60 }, { failureThreshold: 60 })).to.deep.equal([])
    expect(left({ periodSeconds: 60 }, { failureThreshold: 61 })).to.deep.equal(['a container that hangs would be left alone for 3660s'])
  })
  it('may be as long as before, and shorter', () => {
    for (const failureThreshold of [100, 99]) expect(left({ periodSeconds: 60, failureThreshold: 100 }, { failureThreshold })).to.deep.equal([])
    expect(left({ periodSeconds: 60, failureThreshold: 100 }, { failureThreshold: 101 })).to.have.length(1)
  })
})
