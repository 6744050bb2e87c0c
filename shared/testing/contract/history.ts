import { expect } from 'chai'
import { CONFIG_MAPS } from '../../kube/resources.ts'
import { configMap, firstEvents, refusal, type ConfigMap, type GetHarness } from './harness.ts'
import { reflect } from './reflector.ts'

const labels = { case: 'reflector' }

export function historyCases(harness: GetHarness): void {
  describe('forgotten history', () => {
    it('is Expired for a list of old, for its next page and for a watch, and a reflector repairs itself', async function () {
      this.timeout(400_000)
      const { api, admin, timers, namespace, eventually, cut, forgetHistory } = harness()
      const ns = await namespace()
      const make = (name: string) => admin.create<ConfigMap>(CONFIG_MAPS, configMap({ namespace: ns, name }, {}, labels))
      const old = await make('a')
      for (const name of ['b', 'c']) await make(name)
      const page = await admin.list(CONFIG_MAPS, { namespace: ns, limit: 1 })
      const { reflector, told, names } = reflect(api, timers, ns)
      await reflector.whenSynced()
      const restore = await cut()
      // Nothing of this reaches the reflector as an event: it must find out by comparing lists.
      await admin.delete(CONFIG_MAPS, { namespace: ns, name: 'a' })
      await admin.delete(CONFIG_MAPS, { namespace: ns, name: 'b' })
      const again = await make('a')
      await make('d')
      await forgetHistory()
      const { resourceVersion } = old.metadata
      await refusal(admin.list(CONFIG_MAPS, { namespace: ns, exactVersion: resourceVersion }), 'Expired', 410)
      await refusal(admin.list(CONFIG_MAPS, { namespace: ns, limit: 1, continue: page.continue ?? '' }), 'Expired', 410)
      await refusal(firstEvents(admin.watch(CONFIG_MAPS, { namespace: ns, resourceVersion, timeoutSeconds: 10 }), 1), 'Expired', 410)
      await restore()
      await eventually(() => expect(names()).to.deep.equal(['a', 'c', 'd']))
      expect(told.slice(3).map(({ type, name, uid }) => [type, name, uid === again.metadata.uid])).to.have.deep.members([
        ['deleted', 'a', false],
        ['deleted', 'b', false],
        ['added', 'a', true],
        ['added', 'd', false],
      ])
      await make('e')
      await eventually(() => expect(names()).to.include('e'))
    })
  })
}
