/** What a controller says of itself to whoever probes it. */
import { expect } from 'chai'
import { KILL_SWITCH, OPERATOR_NAMESPACE } from '../shared/api/v1alpha1/names.ts'
import { CONFIG_MAPS, HEALING_LEDGERS } from '../shared/kube/resources.ts'
import { formatReport } from '../shared/runtime/health.ts'
import { seconds } from '../shared/lib/time.ts'
import { buildTrigger } from '../shared/testing/builders/objects.ts'
import { Town } from './testing/town.ts'

describe('the readiness of a controller', () => {
  let town: Town
  afterEach(() => town.stop())

  const said = (): string => formatReport(town.readyz.get('controller-1')?.report() ?? [])

  it('names every check, and warns of what keeps it from healing without being less ready', async () => {
    town = new Town()
    await town.start()
    await town.live(seconds(20))
    expect(said()).to.not.match(/^\[[-!]\]/m)
    for (const name of ['working', 'watch pods', 'watch healingpolicies', 'watch healingactions', 'watch healingledgers', 'kill switch', 'ledgers', 'metrics']) expect(said()).to.match(new RegExp(`^\\[\\+\\]${name}.* ok$`, 'm'))

    town.cluster.seed(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: KILL_SWITCH, namespace: OPERATOR_NAMESPACE } })
    const [ledger] = town.cluster.all(HEALING_LEDGERS)
    town.cluster.change(HEALING_LEDGERS, { namespace: OPERATOR_NAMESPACE, name: ledger?.metadata.name ?? '' }, (object) => ({ ...object, spec: { policy: { namespace: 'other', name: 'other' } } }))
    await town.live(seconds(2))
    expect(said()).to.include('[!]kill switch: is on').and.to.include(`[!]ledgers: cannot be read, and what they are of does not act: ${ledger?.metadata.name}`)
    expect(town.readyz.get('controller-1')?.ok).to.equal(true)
  })

  it('warns of a source of metrics that does not answer', async () => {
    town = new Town({ spec: { triggers: [buildTrigger({ type: 'metric', metricTrigger: { query: 'errors', operator: '>', threshold: 1, duration: '1m' } } as never)] } })
    await town.start()
    await town.live(seconds(40))
    expect(said()).to.match(/^\[!\]metrics: 1 of 1 question not answered: .+$/m)
  })
})
