import { expect } from 'chai'
import { SCRAPE, SCRAPE_PATH, SCRAPE_PORT, targetGroups } from './discovery.ts'

const pod = (annotations: Record<string, string>, status: { phase?: string; podIP?: string } = { phase: 'Running', podIP: '10.0.0.7' }) => ({
  metadata: { name: 'web-1', namespace: 'shop', labels: { 'app.kubernetes.io/name': 'web', pod: 'false' }, annotations }, status,
})
const wanted = { [SCRAPE]: 'true', [SCRAPE_PORT]: '8080' }

describe('the pods that Prometheus scrapes', () => {
  it('are those that ask for it, with their labels, of which namespace and pod cannot be forged', () => {
    expect(targetGroups([pod(wanted)])).to.deep.equal([{ targets: ['10.0.0.7:8080'], labels: { app_kubernetes_io_name: 'web', namespace: 'shop', pod: 'web-1' } }])
  })
  it('may name another path', () => expect(targetGroups([pod({ ...wanted, [SCRAPE_PATH]: '/m' })])[0]?.labels).to.include({ __metrics_path__: '/m' }))
  it('are none of those that do not ask, name no port, have ended, or have no address yet', () => {
    expect(targetGroups([pod({}), pod({ ...wanted, [SCRAPE]: 'false' }), pod({ [SCRAPE]: 'true' }), pod(wanted, { phase: 'Failed', podIP: '10.0.0.7' }), pod(wanted, { phase: 'Running' })])).to.deep.equal([])
  })
})
