import { millis } from '../../lib/time.ts'
import { NAMESPACES } from '../../kube/resources.ts'
import { contractSuite } from '../contract/contract.ts'
import type { Harness } from '../contract/harness.ts'
import { FakeClock } from '../fake-clock.ts'
import { FakeCluster } from './fake-cluster.ts'
import { THROTTLED } from './faults.ts'

contractSuite('the fake cluster', () => {
  const clock = new FakeClock()
  const admin = new FakeCluster({ clock, timers: clock, budgets: millis(20), podTermination: 'never' })
  let namespaces = 0
  const harness: Harness = {
    api: admin.client('wire'),
    admin,
    timers: clock,
    async namespace() {
      namespaces++
      const name = `contract-${namespaces}`
      await admin.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
      return name
    },
    define: (resource, scale) => Promise.resolve(admin.definitions.define(resource, scale)),
    async cut() {
      const restore = admin.faults.add(({ user }) => (user === 'wire' ? { when: 'before', answer: 'reset' } : undefined))
      admin.watches.drop(({ user }) => user === 'wire')
      return () => Promise.resolve(restore())
    },
    truncate: () => Promise.resolve(admin.watches.truncate(({ user }) => user === 'wire')),
    silence: () => Promise.resolve(admin.watches.hang(({ user }) => user === 'wire')),
    throttle: () => Promise.resolve(void admin.faults.add(({ user }) => (user === 'wire' ? { when: 'before', answer: THROTTLED } : undefined), 1)),
    forgetHistory: () => Promise.resolve(admin.compact()),
    async eventually(assertion) {
      for (let tries = 0; ; tries++) {
        try {
          return await assertion()
        } catch (error) {
          if (tries > 500) throw error
          await clock.advance(millis(50))
        }
      }
    },
    stop: () => Promise.resolve(),
  }
  return Promise.resolve(harness)
})
