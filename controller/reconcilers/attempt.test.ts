import { expect } from 'chai'
import { buildPolicy } from '../../shared/testing/builders/objects.ts'
import { formatInstant } from '../../shared/lib/time.ts'
import { crashing, snapshot, T0 } from '../healing/testing/builders.ts'
import { liveSnapshot } from './attempt.ts'

describe('a live look', () => {
  const finding = { trigger: 'crashing', object: crashing().ref, since: formatInstant(T0), state: 'Firing' as const }
  const restarts = [{ pod: { name: 'cart-0', uid: 'uid-cart-0' }, container: 'app', base: 1, marks: [] }]
  const look = (generation: number, observedGeneration: number) => {
    const { metadata, ...policy } = buildPolicy()
    return liveSnapshot({ world: snapshot(), policy: { ...policy, metadata: { ...metadata, generation }, status: { observedGeneration, findings: [finding], restarts } } }, T0)
  }
  it('remembers what was found by the policy as it is', () => expect(look(2, 2)).to.deep.include({ findings: [finding], restarts }))
  it('remembers nothing that was found by the policy as it was: the name of a trigger may mean something else by now', () => {
    expect(look(3, 2)).to.deep.include({ findings: [] })
    // What was counted of the objects themselves stays true.
    expect(look(3, 2)).to.deep.include({ restarts })
  })
  it('remembers nothing without a policy', () => expect(liveSnapshot({ world: snapshot(), policy: undefined }, T0)).to.deep.include({ findings: [], violations: [] }))
})
