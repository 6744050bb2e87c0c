/**
 * The confused deputy: somebody with the role `edit` names what is foreign to him in every field of a policy that can refer to something.
 * What the operator then asks for, in whose name, and where, is read from the API server's audit log.
 */
import { expect } from 'chai'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { systemTimers } from '../../shared/adapters/system-clock.ts'
import { HEALER_ACCOUNT, KILL_SWITCH, OPERATOR_NAMESPACE, serviceAccountUser, WEBHOOK_TLS_SECRET } from '../../shared/api/v1alpha1/names.ts'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import type { KubeObject } from '../../shared/kube/api.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { DEPLOYMENTS, HEALING_POLICIES, PODS, SECRETS } from '../../shared/kube/resources.ts'
import { connect } from '../../shared/kube/transport.ts'
import { instant, seconds } from '../../shared/lib/time.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { historyOfAudit } from '../../shared/testing/oracle/from-audit.ts'
import { isWrite, type Call } from '../../shared/testing/oracle/history.ts'
import { alertEndpoint, firing, type AlertEndpoint } from '../alerts/endpoint.ts'
import { useFixture } from '../healing/fixture.ts'
import { tokenKubeconfig } from '../installation/files.ts'
import { sparePort } from '../monitoring/ports.ts'
import { deployment, OTHER, OWN, policy } from './objects.ts'
import { combinations, HONEST, honestOnes, REFERENCES, workloadOf, type Combination } from './references.ts'
import { TARGETS, words } from './targets.ts'

const HEALER = serviceAccountUser(OWN, HEALER_ACCOUNT)
/** What his policies about alerts look at. */
const ALERTED = Object.keys(REFERENCES).filter((path) => path.includes('.alertTrigger.')).map(workloadOf)
/** Requests of the tenant at the same time. */
const HANDS = 8

const isOperator = ({ user }: Call): boolean => user.startsWith(`system:serviceaccount:${OPERATOR_NAMESPACE}:`)
const told = ({ verb, collection, subresource = '', namespace = '', name = '*', impersonated = '' }: Call): string => `${verb} ${collection}/${subresource} ${namespace}/${name} ${impersonated}`.trim()
const each = (calls: readonly Call[]): readonly string[] => [...new Set(calls.map(told))].toSorted()
const secret = (namespace: string): object => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'token', namespace }, stringData: { token: 'sesame' } })
/** Its ledgers are by policy, the kill switch is looked at before every act, a question about rights reads nothing. */
const isOwn = ({ verb, collection, namespace, name }: Call): boolean =>
  namespace === OWN || collection.startsWith('authorization.k8s.io/') || (namespace === OPERATOR_NAMESPACE && (collection === 'kubeskippy.io/healingledgers' || (verb === 'get' && collection === '/configmaps' && name === KILL_SWITCH)))

describe('a confused deputy', function () {
  this.timeout(480_000)
  const fixture = useFixture({ node: false, controller: false })
  const accepted: Combination[] = []
  const refused: Combination[] = []
  const errors: string[] = []
  let alerts: AlertEndpoint
  let begun = 0
  let victims = ''
  /** How often the Prometheus was asked. */
  let asked = 0

  const calls = (): readonly Call[] => historyOfAudit(readFileSync(fixture.cluster.auditLog, 'utf8'), { until: instant(Date.now()) }).entries.filter((entry): entry is Call => entry.kind === 'call')
  const policies = async (): Promise<readonly HealingPolicy[]> => fixture.list<HealingPolicy>(OWN, HEALING_POLICIES)
  const everybodysPods = async (): Promise<readonly KubeObject[]> => (await Promise.all([OWN, OTHER].map(async (namespace) => fixture.pods(namespace)))).flat()
  /** All that the victim and the operator have, but for what changes by itself. */
  const foreign = async (): Promise<string> => {
    const of = (namespace: string, kinds: string): Promise<string> => fixture.kubectl(['get', kinds, '-n', namespace, '-o', 'jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.uid} {.metadata.generation} {.metadata.labels} {.metadata.annotations} {.spec.replicas}{"\\n"}{end}'])
    return `${await of(OTHER, 'deployments,replicasets,pods,secrets,healingpolicies,healingactions,serviceaccounts,rolebindings')}${await of(OPERATOR_NAMESPACE, 'secrets,configmaps,serviceaccounts,rolebindings')}`
  }

  /** Requests of the operator since the tenant came, of these kinds: in the name of others, for Secrets, and what it did not ask for before. */
  const outside = (): Readonly<Record<'as' | 'secrets' | 'more', readonly string[]>> => {
    const all = calls().filter(isOperator)
    const before = new Set(all.filter(({ at }) => at < begun).map(told))
    const since = all.filter(({ at }) => at >= begun)
    return {
      as: each(since.filter(({ impersonated, namespace }) => impersonated !== undefined && (impersonated !== HEALER || namespace !== OWN))),
      secrets: each(all.filter(({ collection, namespace, name }) => collection === '/secrets' && (namespace !== OPERATOR_NAMESPACE || name !== WEBHOOK_TLS_SECRET))),
      more: each(since.filter((call) => !isOwn(call) && !before.has(told(call)))),
    }
  }

  /** Whatever a policy of his may call an alert, it tells of the pods that the victim and he have now. */
  const alarm = async (): Promise<void> => {
    const pods = (await everybodysPods()).filter(({ metadata: { namespace, name } }) => namespace === OTHER || ALERTED.some((app) => name.startsWith(`${app}-`)))
    const { code } = await alerts.tell(...[...new Set(TARGETS.flatMap(words))].flatMap((alertname) => pods.map(({ metadata: { namespace = '', name } }) => firing({ alertname, namespace, pod: name }))))
    expect(code).to.equal(200)
  }

  /** A Prometheus that answers whatever it is asked with series of everybody's pods. */
  const liar = async (): Promise<string> => {
    const pods = async (): Promise<readonly object[]> => (await everybodysPods()).map(({ metadata: { namespace, name } }) => ({ metric: { namespace, pod: name }, value: [Date.now() / 1000, '950'] }))
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        asked += 1
        void pods().then((result) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } })), () => response.destroy())
      })
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    fixture.own({ stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    } })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  before('a victim whose own policy waits for approval, and what the operator does without the tenant', async () => {
    for (const namespace of [OWN, OTHER]) await fixture.namespace(namespace)
    alerts = await alertEndpoint(fixture.cluster, await sparePort(fixture.cluster))
    await fixture.installation.startController({ flags: { ...alerts.flags, 'sync-interval': '10s', 'prometheus-source': `name=default,url=${await liar()},timeout=2s` } })
    // Of each name that is foreign, and each field, something of his own as well: so that a policy finds something.
    const names = [...new Set([HONEST, ...TARGETS.map(({ name }) => name), ...Object.keys(REFERENCES).map(workloadOf)])]
    await fixture.apply(deployment(OTHER), secret(OTHER), secret(OWN), policy({ name: 'heal', namespace: OTHER, mode: 'manual', selector: { labelSelector: { matchLabels: { app: 'web' } } } }), ...names.map((name) => deployment(OWN, name)))
    await fixture.kubectl(['create', 'serviceaccount', 'mallory', '-n', OWN])
    await fixture.kubectl(['create', 'rolebinding', 'mallory', '-n', OWN, '--clusterrole=edit', `--serviceaccount=${OWN}:mallory`])
    await eventually(async () => expect((await fixture.actions(OTHER)).map(({ status }) => status?.phase)).to.deep.equal(['Pending']), seconds(60))
    await eventually(async () => expect(await fixture.pods(OWN)).to.have.length(names.length), seconds(120))
    // Long enough for what comes round by itself to have come round.
    await new Promise((resolve) => setTimeout(resolve, 12_000))
    victims = await foreign()
    begun = Date.now()
  })

  before('what the tenant tries', async () => {
    const file = join(fixture.cluster.dir, 'mallory.kubeconfig')
    const token = (await fixture.kubectl(['create', 'token', 'mallory', '-n', OWN])).trim()
    writeFileSync(file, tokenKubeconfig({ server: fixture.cluster.server, caFile: fixture.cluster.caFile, user: 'mallory', token }), { mode: 0o600 })
    const api = connect({ kubeconfig: file, userAgent: 'mallory', timers: systemTimers, log: silentLogger })
    fixture.own({ stop: async () => api.close() })
    for (const honest of honestOnes()) await api.create(HEALING_POLICIES, honest.policy).catch((error: unknown) => errors.push(`${honest.path}: ${honest.value}: ${String(error)}`))
    const open = combinations().toReversed()
    const hand = async (): Promise<void> => {
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        try {
          await api.create(HEALING_POLICIES, next.policy)
          accepted.push(next)
        } catch (error) {
          if (isApiError(error) && [403, 422].includes(error.code)) refused.push(next)
          else errors.push(`${next.path}: ${next.value}: ${String(error)}`)
        }
      }
    }
    await Promise.all(Array.from({ length: HANDS }, hand))
    await alarm()
  })

  it('is tried with every field and every target; some are refused, some accepted, none is an error', () => {
    expect(errors).to.deep.equal([])
    expect(accepted.length + refused.length).to.equal(combinations().length)
    expect(accepted.length).to.be.greaterThan(100)
    expect(refused.length).to.be.greaterThan(100)
  })

  it('acts for him where he may act, and everything that was accepted is judged', async () => {
    await eventually(async () => {
      const open = (await policies()).filter(({ metadata, status }) => status?.observedGeneration !== metadata.generation || status?.lastDecision === undefined)
      expect(open.slice(0, 3).map(({ metadata, status }) => `${metadata.name} ${JSON.stringify(status)}`), `${open.length}`).to.deep.equal([])
    }, seconds(400), seconds(1))
    const actions = await fixture.actions(OWN)
    expect(actions.filter(({ spec: { targetResource, policyRef } }) => targetResource.namespace !== OWN || policyRef.namespace !== OWN)).to.deep.equal([])
    const acted = new Set(actions.filter(({ status }) => status?.actedAt !== undefined).map(({ spec }) => spec.policyRef.name))
    expect([...acted].some((name) => name.startsWith('honest-')), 'an honest one').to.equal(true)
    expect(new Set(accepted.filter(({ policy: { metadata } }) => acted.has(metadata.name)).map(({ path }) => path)).size, 'fields whose policies act').to.be.greaterThan(9)
    expect(calls().filter((call) => isOperator(call) && call.impersonated === HEALER && call.namespace === OWN && call.ok && !call.dryRun && isWrite(call)).length, 'acts in the log').to.be.greaterThan(9)
    // What lies about the victim's pods was believed about his own.
    expect(asked).to.be.greaterThan(0)
    // Of pods that were replaced meanwhile nothing was told yet: Alertmanager repeats itself.
    for (const type of ['alert', 'metric']) await eventually(async () => {
      await alarm()
      expect((await policies()).some(({ spec, status }) => spec.triggers.some((trigger) => trigger.name === 'foreign' && trigger.type === type) && status?.triggers?.some(({ name, state }) => name === 'foreign' && state === 'Firing') === true), type).to.equal(true)
    }, seconds(60), seconds(2))
  })

  it('asks for nothing outside', async () => {
    // Long enough for what was begun to be asked for.
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    expect(outside()).to.deep.equal({ as: [], secrets: [], more: [] })
    expect([...new Set((await fixture.ledgers()).flatMap(({ spec }) => spec.policy?.namespace ?? []))].toSorted()).to.deep.equal([OWN, OTHER].toSorted())
  })

  it('leaves everything foreign as it was', async () => {
    expect(await foreign()).to.equal(victims)
  })

  it('what a confused one would ask for is seen', async () => {
    const other = serviceAccountUser(OTHER, HEALER_ACCOUNT)
    const api = connect({ kubeconfig: fixture.installation.controllerKubeconfig(), userAgent: 'confused', timers: systemTimers, log: silentLogger })
    fixture.own({ stop: async () => api.close() })
    const tried = await Promise.allSettled([
      api.get(DEPLOYMENTS, { namespace: OTHER, name: 'web' }),
      api.get(SECRETS, { namespace: OWN, name: 'token' }),
      api.delete(PODS, { namespace: OTHER, name: 'nobody' }, { impersonate: other, dryRun: true }),
    ])
    expect(tried.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'rejected'])
    expect(outside()).to.deep.include({ as: [`delete /pods/ ${OTHER}/nobody ${other}`], secrets: [`get /secrets/ ${OWN}/token`] })
    expect(outside().more).to.include(`get apps/deployments/ ${OTHER}/web`)
  })
})
