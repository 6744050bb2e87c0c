/** Somebody with the role `edit` tries to make the operator act outside of his namespace. What was done is read from the API server's audit log. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { HEALER_ACCOUNT, OPERATOR_NAMESPACE, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import { instant, seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { historyOfAudit } from '../../shared/testing/oracle/from-audit.ts'
import { isWrite, type Call } from '../../shared/testing/oracle/history.ts'
import type { Finished } from '../cluster/exec.ts'
import { useFixture } from '../healing/fixture.ts'
import { tokenKubeconfig } from '../installation/files.ts'
import { KINDS, type Known } from './attempts.ts'
import { deployment, OTHER, OWN, policy, SECOND, text } from './objects.ts'

const MALLORY = serviceAccountUser(OWN, 'mallory')

describe('a tenant with the role edit', function () {
  this.timeout(480_000)
  const fixture = useFixture({ node: false })
  let known: Known
  let kubeconfig: string

  /** With his own token: who impersonates is asked as himself. */
  const asTenant = (args: readonly string[], input?: string): Promise<Finished> => fixture.cluster.kubectl(['--kubeconfig', kubeconfig, ...args], input === undefined ? {} : { input })

  before(async () => {
    for (const namespace of [OWN, OTHER]) await fixture.namespace(namespace)
    await fixture.namespace(SECOND, { healer: false })
    await fixture.kubectl(['create', 'serviceaccount', 'mallory', '-n', OWN])
    for (const namespace of [OWN, SECOND]) await fixture.kubectl(['create', 'rolebinding', 'mallory', '-n', namespace, '--clusterrole=edit', `--serviceaccount=${OWN}:mallory`])
    kubeconfig = join(fixture.cluster.dir, 'mallory.kubeconfig')
    const token = (await fixture.kubectl(['create', 'token', 'mallory', '-n', OWN])).trim()
    writeFileSync(kubeconfig, tokenKubeconfig({ server: fixture.cluster.server, caFile: fixture.cluster.caFile, user: 'mallory', token }), { mode: 0o600 })
    await fixture.apply(deployment(OTHER))
    // The rights of aggregated roles come some moments after their RoleBindings.
    await eventually(async () => expect((await asTenant(['auth', 'can-i', 'create', 'hp', '-n', OWN])).stdout).to.contain('yes'), seconds(90))
    const { code, stderr } = await asTenant(['apply', '-f', '-'], text(deployment(OWN, 'own'), policy({ name: 'own' }), deployment(OWN, 'asks'), policy({ name: 'asks', mode: 'manual' })))
    expect(code, stderr).to.equal(0)
    // What he may do works: so that nothing happens elsewhere says something.
    const [ended] = await eventually(async () => {
      const done = (await fixture.actions(OWN)).filter(({ spec, status }) => spec.policyRef.name === 'own' && status?.actedAt !== undefined)
      expect(done).to.have.length.greaterThan(0)
      return done
    }, seconds(120))
    const [waiting] = await eventually(async () => {
      const asked = (await fixture.actions(OWN)).filter(({ spec }) => spec.policyRef.name === 'asks')
      expect(asked).to.have.length.greaterThan(0)
      return asked
    }, seconds(120))
    const victim = await fixture.kubectl(['get', 'deployment', 'web', '-n', OTHER, '-o', 'jsonpath={.metadata.uid}'])
    known = { victim, waiting: waiting?.metadata.name ?? '', ended: ended?.metadata.name ?? '' }
  })

  for (const { title, attempts } of KINDS) {
    describe(title, () => {
      for (const { what, args, input, refused, by } of attempts) {
        it(`${what}: ${by}`, async () => {
          const { code, stdout, stderr } = await asTenant(args(known), input?.(known))
          expect(code === 0, `${stdout}${stderr}`).to.equal(refused === undefined)
          if (refused !== undefined) expect(stderr, stderr).to.match(refused)
        })
      }
    })
  }

  describe('when all of it has been tried', () => {
    it('so nothing was asked, read or written outside of his namespace for him, and the other ones are as they were', async () => {
      const expected = KINDS.flatMap(({ attempts }) => attempts.flatMap(({ decided }) => decided ?? []))
      const judged = (acting: boolean): Promise<unknown> => Promise.all(expected.filter(({ acts }) => acts === acting).map(({ policy: name, namespace = OWN, reason }) => fixture.decided(namespace, reason, seconds(120), name)))
      // First: an action that the tenant has deleted is given up after a minute.
      await judged(true)
      // Long enough for everything that was accepted to be judged and acted on.
      await new Promise((resolve) => setTimeout(resolve, 20_000))
      await judged(false)
      // Nothing was given back by deleting the policy, its actions and what it acts on.
      const ledger = (await fixture.ledgers()).find(({ spec }) => spec.policy?.namespace === OWN && spec.policy.name === 'own')
      expect(ledger?.spec.entries?.map(({ action }) => action)).to.include(known.ended)
      const { entries } = historyOfAudit(readFileSync(fixture.cluster.auditLog, 'utf8'), { until: instant(Date.now()) })
      const calls = entries.filter((entry): entry is Call => entry.kind === 'call')
      const isOperator = ({ user }: Call): boolean => user.startsWith(`system:serviceaccount:${OPERATOR_NAMESPACE}:`)
      const acts = calls.filter((call) => isOperator(call) && call.impersonated !== undefined)
      const told = (found: readonly Call[]): readonly string[] => found.map(({ verb, collection, namespace, name, answer }) => `${verb} ${collection} ${namespace}/${name}: ${answer}`)
      expect(acts.filter(({ namespace, impersonated, ok }) => ok && namespace === OWN && impersonated === serviceAccountUser(OWN, HEALER_ACCOUNT)), 'the operator does act').to.have.length.greaterThan(0)
      for (const { policy: name, namespace = OWN, acts: does } of expected) expect(acts.some((call) => call.ok && !call.dryRun && call.namespace === namespace && call.name?.startsWith(name) === true), name).to.equal(does)
      // Where he is an editor and has made a healer himself the API server would refuse; elsewhere nobody even tries.
      expect(told(acts.filter(({ namespace, impersonated, ok }) => (ok || namespace !== SECOND) && (namespace !== OWN || impersonated !== serviceAccountUser(OWN, HEALER_ACCOUNT))))).to.deep.equal([])
      const operator = calls.filter((call) => isOperator(call) && call.impersonated === undefined)
      // What is its own, and questions.
      const business = ({ collection, namespace }: Call): boolean => /^(kubeskippy\.io|events\.k8s\.io|authorization\.k8s\.io|authentication\.k8s\.io)\//.test(collection) || namespace === OPERATOR_NAMESPACE || collection.startsWith('admissionregistration.k8s.io/')
      expect(told(operator.filter((call) => isWrite(call) && !business(call)))).to.deep.equal([])
      expect(told(operator.filter(({ collection, namespace }) => collection === '/secrets' && namespace !== OPERATOR_NAMESPACE))).to.deep.equal([])
      expect(told(operator.filter(({ namespace, name }) => namespace === OTHER && name !== undefined)), 'nothing of the other one is even read by name').to.deep.equal([])
      // A question about his own rights is posted as well.
      const asked = ({ collection }: Call): boolean => collection.startsWith('authorization.k8s.io/')
      expect(told(calls.filter((call) => call.user === MALLORY && call.ok && isWrite(call) && !asked(call) && call.namespace !== OWN && call.namespace !== SECOND))).to.deep.equal([])
      expect(await fixture.kubectl(['get', 'deployment', 'web', '-n', OTHER, '-o', 'jsonpath={.metadata.uid} {.metadata.generation} {.spec.replicas}'])).to.equal(`${known.victim} 1 1`)
      expect(await fixture.actions(OTHER)).to.deep.equal([])
    })
  })
})
