import { expect } from 'chai'
import { testPolicy } from '../test-policy.ts'
import { selectedObjects, type LiveObject } from './live-objects.ts'

const pod = { apiVersion: 'v1', kind: 'Pod' }
const deployment = { apiVersion: 'apps/v1', kind: 'Deployment' }
const labels = { app: 'cart' }
const live = (kind: typeof pod, name: string): LiveObject => ({ ...kind, namespace: 'shop', name, uid: `${kind.kind} ${name}`, labels, owner: undefined })

describe('what a policy selects now', () => {
  const objects = [live(pod, 'cart'), live(pod, 'till'), live(deployment, 'cart'), live(deployment, 'till')]
  const selected = (...resources: object[]): string[] => selectedObjects(testPolicy({ selector: { labelSelector: { matchLabels: labels }, resources: resources as never } }), { objects, complete: true }).map(({ uid }) => uid)

  it('is without what one kind excludes, and what another kind calls the same is selected', () =>
    expect(selected({ ...deployment, excludeNames: ['cart'] }, pod)).to.deep.equal(['Pod cart', 'Pod till', 'Deployment till']))
  it('is of a kind with names only those', () => expect(selected({ ...deployment, names: ['cart'] }, pod)).to.deep.equal(['Pod cart', 'Pod till', 'Deployment cart']))
})
