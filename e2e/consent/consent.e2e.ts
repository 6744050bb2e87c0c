/** A policy of one namespace that heals in another: at the door, in the act, and when consent is taken back. No pod has to run. */
import { expect } from 'chai'
import { stringify } from 'yaml'
import { HEALER_ACCOUNT, OPERATOR_NAMESPACE, serviceAccountUser, WEBHOOK_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { kubeskippy } from '../cli/access.ts'
import type { Finished } from '../cluster/exec.ts'
import { inNamespace, useFixture } from '../healing/fixture.ts'

const OLGA = 'olga'
const BERND = 'bernd'

/** No node is there, so its pods are never scheduled: that is what is wrong with them. */
const web = (namespace: string): object =>
  inNamespace(namespace, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'none.invalid/none' }] } } },
  })

interface Reach {
  readonly name: string
  readonly mode?: string
  readonly namespaces: readonly string[]
  /** How long what is quiet or out of sight stays an incident. */
  readonly calm?: string
}
const policy = ({ name, mode = 'automatic', namespaces, calm = '4s' }: Reach): object => ({
  apiVersion: 'kubeskippy.io/v1alpha1',
  kind: 'HealingPolicy',
  metadata: { name, namespace: 'shop' },
  spec: {
    mode,
    selector: { namespaces, labelSelector: { matchLabels: { app: 'web' } } },
    triggers: [{ name: 'unscheduled', type: 'condition', cooldownPeriod: '0s', conditionTrigger: { type: 'PodScheduled', status: 'False', duration: '2s' } }],
    actions: [{ name: 'restart', type: 'restart', restartAction: {} }],
    safetyRules: { stabilizationWindow: calm, healthCheckTimeout: '5s' },
  },
})
const role = (namespace: string, user: string, clusterRole: string): object => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: `${user}-${clusterRole}`, namespace },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: clusterRole },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
})

describe('consent of another namespace', function () {
  this.timeout(600_000)
  const fixture = useFixture({ node: false })
  before(async () => {
    for (const namespace of ['shop', 'bank', 'till']) await fixture.kubectl(['create', 'namespace', namespace])
    await fixture.apply(
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'policy-author' }, rules: [{ apiGroups: ['kubeskippy.io'], resources: ['healingpolicies'], verbs: ['get', 'list', 'create', 'patch', 'update'] }] },
      role('shop', OLGA, 'policy-author'),
      role('shop', OLGA, 'edit'),
      role('bank', BERND, 'admin'),
    )
  })
  const apply = (object: object, ...flags: string[]): Promise<Finished> => fixture.cluster.kubectl(['apply', '-f', '-', ...flags], { input: stringify(object, { version: '1.1' }) })
  const cli = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await kubeskippy(fixture.cluster, ...args)
    expect(code, stderr).to.equal(0)
    return stdout
  }
  const explained = async (...args: string[]): Promise<string> => (await kubeskippy(fixture.cluster, 'explain', ...args)).stdout
  const condition = async (name: string, type: string) => (await fixture.policy('shop', name)).status?.conditions?.find((c) => c.type === type)
  const actionsOf = async (name: string) => (await fixture.actions('shop')).filter(({ spec }) => spec.policyRef.name === name)
  const remove = (name: string): Promise<string> => fixture.kubectl(['delete', 'hp', name, '-n', 'shop', '--ignore-not-found'])

  describe('at the door', () => {
    it('is needed: the whole policy is refused, with the command that gives it', async () => {
      const { code, stderr } = await apply(policy({ name: 'reach', namespaces: ['shop', 'bank'] }))
      expect(code).to.equal(1)
      expect(stderr).to.contain('spec.selector.namespaces[1]: [KS109] namespace "bank" does not consent to policies of "shop"').and.to.contain('kubeskippy enable -n bank --consent-to shop --print')
      expect(stderr).not.to.contain('[KS108]')
      expect((await apply(policy({ name: 'reach', mode: 'monitor', namespaces: ['bank'] }))).stderr).to.contain('[KS109]')
      expect((await apply(policy({ name: 'reach', namespaces: ['shop'] }), '--dry-run=server')).code).to.equal(0)
    })

    it('is given by whoever administers the namespace, and by nobody who only edits it', async () => {
      const manifests = await cli('enable', '-n', 'bank', '--consent-to', 'shop', '--print')
      await fixture.apply(role('bank', 'editor', 'edit'))
      const refused = await fixture.cluster.kubectl(['apply', '-f', '-', '--as', 'editor'], { input: manifests })
      expect(refused.code).to.equal(1)
      // The controller that aggregates ClusterRoles has its own pace.
      await eventually(async () => {
        const { code, stderr } = await fixture.cluster.kubectl(['apply', '-f', '-', '--as', BERND], { input: manifests })
        expect(code, stderr).to.equal(0)
      }, seconds(90))
      expect(await cli('enable', '-n', 'bank', '--consent-to', 'shop')).to.contain('rolebinding/kubeskippy-consent-shop in bank: unchanged')
      await eventually(async () => {
        const { code, stderr } = await apply(policy({ name: 'reach', namespaces: ['shop', 'bank'] }), '--dry-run=server')
        expect(code, stderr).to.equal(0)
      }, seconds(90))
    })

    it('does not do for the author what he may not do himself: 403 with verb, resource and namespace', async () => {
      const reach = policy({ name: 'reach', namespaces: ['shop', 'bank'] })
      const { code, stderr } = await apply(reach, '--as', OLGA)
      expect(code).to.equal(1)
      expect(stderr).to.contain('Error from server (Forbidden)').and.to.contain('[KS108] you may not create pods/eviction in namespace "bank"')
      expect(stderr).not.to.contain('namespace "shop" —')
      // The API server itself asks first, at home first, and tells the first that he lacks.
      await fixture.apply(role('shop', 'paul', 'policy-author'))
      await eventually(async () => expect((await apply(reach, '--as', 'paul')).stderr).to.contain('[KS108]').and.to.contain('in namespace "shop"'), seconds(90))
      // What writes nothing needs consent alone.
      expect((await apply(policy({ name: 'reach', mode: 'dryrun', namespaces: ['shop', 'bank'] }), '--as', OLGA, '--dry-run=server')).code).to.equal(0)
    })

    it('goes by the rights of groups too, and lets the author who may', async () => {
      await fixture.apply({ ...(role('bank', 'tellers', 'edit') as { subjects: object[] }), subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'tellers' }] })
      await eventually(async () => {
        const { code, stderr } = await apply(policy({ name: 'reach', namespaces: ['shop', 'bank'] }), '--as', OLGA, '--as-group', 'tellers', '--as-group', 'system:authenticated', '--dry-run=server')
        expect(code, stderr).to.equal(0)
      }, seconds(90))
    })

    it('somebody without these rights may still suspend and label what is there, and not widen it', async () => {
      await fixture.apply(policy({ name: 'stored', mode: 'manual', namespaces: ['shop', 'bank'] }))
      const patch = (body: object) => fixture.cluster.kubectl(['patch', 'hp', 'stored', '-n', 'shop', '--type=merge', '-p', JSON.stringify(body), '--as', OLGA])
      expect((await patch({ metadata: { labels: { a: 'b' } } })).code).to.equal(0)
      expect((await patch({ spec: { safetyRules: { maxActionsPerHour: 9 } } })).stderr).to.contain('[KS108]')
      expect((await patch({ spec: { mode: 'automatic' } })).stderr).to.contain('[KS108]')
      expect((await patch({ spec: { suspend: true } })).code).to.equal(0)
      await remove('stored')
    })

    it('refuses when the API server gives it no answer, and says so', async () => {
      const binding = await fixture.kubectl(['get', 'clusterrolebinding', WEBHOOK_ACCOUNT, '-o', 'json'])
      await fixture.kubectl(['delete', 'clusterrolebinding', WEBHOOK_ACCOUNT])
      try {
        const reach = policy({ name: 'reach', namespaces: ['shop', 'bank'] })
        await eventually(async () => expect((await apply(reach, '--dry-run=server')).stderr).to.contain('could not be asked'), seconds(90))
        expect((await apply(reach)).code).to.equal(1)
        expect((await apply(policy({ name: 'reach', mode: 'monitor', namespaces: ['shop'] }), '--dry-run=server')).code).to.equal(0)
      } finally {
        const { metadata, ...rest } = JSON.parse(binding) as { metadata: { name: string; labels: object } }
        await fixture.apply({ ...rest, metadata: { name: metadata.name, labels: metadata.labels } })
      }
      await eventually(async () => expect((await apply(policy({ name: 'reach', namespaces: ['shop', 'bank'] }), '--dry-run=server')).code).to.equal(0), seconds(90))
    })
  })

  describe('in the controller', () => {
    it('lets the act happen as the healer of that namespace, and nowhere else', async () => {
      await fixture.apply(web('bank'), web('till'), policy({ name: 'heals', namespaces: ['bank'] }))
      await eventually(() => expect(fixture.evictions('bank')).to.have.length.greaterThan(0), seconds(120))
      const [eviction] = fixture.evictions('bank')
      expect(eviction?.impersonated).to.equal(serviceAccountUser('bank', HEALER_ACCOUNT))
      const action = (await actionsOf('heals')).find(({ metadata }) => eviction?.userAgent.includes(metadata.name))
      expect(action?.metadata.namespace).to.equal('shop')
      expect(eviction?.userAgent).to.contain(`healingaction shop/${action?.metadata.name}`)
      expect(action?.spec.targetResource.namespace).to.equal('bank')
      await remove('heals')
      // What was evicted is told there as well.
      await eventually(async () => {
        const events = await fixture.kubectl(['get', 'events.events.k8s.io', '-n', 'bank', '-o', 'jsonpath={range .items[*]}{.reason} {.note}{"\\n"}{end}'])
        expect(events).to.match(/^Acted .*HealingAction shop\/heals-restart-/m)
      }, seconds(90))
      // All that it has written there: the eviction, its dry run, and the event.
      expect([...new Set(fixture.writes('bank').map(({ resource }) => resource))].sort()).to.deep.equal(['events', 'pods/eviction'])
      expect(fixture.writes('till')).to.deep.equal([])
      expect(await explained(`ha/${action?.metadata.name}`, '-n', 'shop')).to.contain(' in bank (uid ')
    })

    it('is asked again before the act: taken back after the decision, nothing is done, and everybody can read why', async () => {
      await fixture.apply(policy({ name: 'waits', mode: 'manual', namespaces: ['bank'], calm: '2m' }))
      const waiting = await eventually(async () => {
        const [action] = await actionsOf('waits')
        if (action?.status?.result?.reason !== 'PendingApproval') throw new Error(JSON.stringify(action?.status))
        return action
      }, seconds(180))
      const before = fixture.evictions('bank').length
      expect(await cli('disable', '-n', 'bank', '--consent-to', 'shop')).to.contain('rolebinding/kubeskippy-consent-shop in bank: removed')
      await cli('approve', waiting.metadata.name, '-n', 'shop')
      const cancelled = await eventually(async () => {
        const action = (await actionsOf('waits')).find(({ metadata }) => metadata.name === waiting.metadata.name)
        if (action?.status?.phase !== 'Cancelled') throw new Error(JSON.stringify(action?.status))
        return action
      }, seconds(120))
      expect(cancelled.status?.result?.reason).to.equal('NoConsent')
      expect(cancelled.status?.result?.message).to.contain('kubeskippy enable -n bank --consent-to shop --print')
      expect(fixture.evictions('bank').length).to.equal(before)
      await eventually(async () => expect(await condition('waits', 'Consented')).to.include({ status: 'False', reason: 'NoConsent' }), seconds(120))
      expect(await condition('waits', 'Ready')).to.include({ status: 'False', reason: 'NoConsent' })
      // Events are sent beside everything else.
      await eventually(async () => {
        const events = await fixture.kubectl(['get', 'events.events.k8s.io', '-n', 'shop', '-o', 'jsonpath={range .items[*]}{.regarding.kind} {.reason}{"\\n"}{end}'])
        expect(events).to.contain('HealingAction NoConsent').and.to.contain('HealingPolicy NoConsent')
      }, seconds(60))
      expect(await explained(`ha/${waiting.metadata.name}`, '-n', 'shop')).to.contain('NoConsent').and.to.contain('--consent-to shop')
      expect(await explained('hp/waits', '-n', 'shop')).to.contain('NoConsent').and.to.contain('kubeskippy enable -n bank --consent-to shop')
      expect((await kubeskippy(fixture.cluster, 'check')).stdout).to.contain('bank does not consent to policies of shop')
      await remove('waits')
    })

    it('without it the policy goes on at home, and does not even look into the other namespace', async () => {
      await cli('enable', '-n', 'bank', '--consent-to', 'shop')
      await fixture.installation.enable('shop')
      // What the API server goes by follows what is stored, here and where it is taken back.
      await eventually(() => fixture.apply(policy({ name: 'both', mode: 'monitor', namespaces: ['shop', 'bank'] })), seconds(90))
      await cli('disable', '-n', 'bank', '--consent-to', 'shop')
      const before = fixture.writes('bank').length
      // Nobody who asks the door could do this now: the controller has only the status to tell it.
      await eventually(async () => {
        const { code, stderr } = await fixture.cluster.kubectl(['patch', 'hp', 'both', '-n', 'shop', '--type=merge', '-p', '{"spec":{"mode":"automatic"}}', '--dry-run=server'])
        expect([code, stderr]).to.satisfy(() => code === 1 && stderr.includes('[KS109]'), stderr)
      }, seconds(90))
      await fixture.kubectl(['patch', 'hp', 'both', '-n', 'shop', '--type=merge', '-p', '{"spec":{"mode":"automatic"}}', '--as', serviceAccountUser(OPERATOR_NAMESPACE, 'kubeskippy-controller-manager'), '--as-group', 'system:masters'])
      await eventually(async () => expect(await condition('both', 'Consented')).to.include({ status: 'False', reason: 'NoConsent' }), seconds(120))
      await fixture.apply(web('shop'))
      await eventually(() => expect(fixture.evictions('shop')).to.have.length.greaterThan(0), seconds(120))
      expect((await actionsOf('both')).map(({ spec }) => spec.targetResource.namespace)).to.satisfy((places: string[]) => places.every((place) => place === 'shop'))
      const { status } = await fixture.policy('shop', 'both')
      expect(status?.findings?.map(({ object }) => object.namespace) ?? []).not.to.include('bank')
      expect(fixture.writes('bank').length).to.equal(before)
      await remove('both')
    })

    it('is taken back with everything else by disable', async () => {
      await cli('enable', '-n', 'bank', '--consent-to', 'shop', '--consent-to', 'till')
      const gone = await cli('disable', '-n', 'bank')
      expect(gone).to.contain('rolebinding/kubeskippy-consent-shop in bank: removed').and.to.contain('rolebinding/kubeskippy-consent-till in bank: removed')
      expect(await fixture.kubectl(['get', 'roles,rolebindings', '-n', 'bank', '-l', 'app.kubernetes.io/part-of=kubeskippy', '--ignore-not-found'])).to.equal('')
    })

    it('disable says so when somebody else still gives it', async () => {
      await fixture.kubectl(['create', 'rolebinding', 'generous', '-n', 'bank', '--clusterrole=cluster-admin', `--serviceaccount=shop:${HEALER_ACCOUNT}`])
      // Once the API server knows of it.
      await eventually(async () => {
        const { code, stderr } = await kubeskippy(fixture.cluster, 'disable', '-n', 'bank', '--consent-to', 'shop')
        expect(code).to.equal(1)
        expect(stderr).to.contain('bank still consents to policies of shop')
      }, seconds(90))
      await fixture.kubectl(['delete', 'rolebinding', 'generous', '-n', 'bank'])
    })
  })
})
