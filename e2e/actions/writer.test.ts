/** The same on the fake cluster, with which the whole controller is simulated. */
import { NAMESPACES } from '../../shared/kube/resources.ts'
import { millis } from '../../shared/lib/time.ts'
import { FakeClock } from '../../shared/testing/fake-clock.ts'
import { FakeCluster } from '../../shared/testing/fake-cluster/fake-cluster.ts'
import { writerSuite } from './writer-suite.ts'

writerSuite('the fake cluster', () => {
  const clock = new FakeClock()
  const admin = new FakeCluster({ clock, timers: clock, budgets: millis(20), podTermination: 'never' })
  let namespaces = 0
  return Promise.resolve({
    admin,
    pause: 0,
    isSeen: () => true,
    async namespace() {
      const name = `writer-${namespaces++}`
      await admin.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
      return name
    },
    define: (resource, scale) => Promise.resolve(admin.definitions.define(resource, scale)),
    async eventually(assertion) {
      for (let tries = 0; ; tries++) {
        try {
          return await assertion()
        } catch (error) {
          if (tries > 100) throw error
          await clock.advance(millis(50))
        }
      }
    },
    stop: () => Promise.resolve(),
  })
})
