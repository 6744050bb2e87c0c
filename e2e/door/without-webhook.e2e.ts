/**
 * What holds without the webhook: stopped, and with its configurations taken away. By name: who creates HealingActions,
 * who decides and as whom, protected namespaces, rights of authors, exemptions. And what stops a policy gets through a door that is down.
 */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { stringify } from 'yaml'
import { CONTROLLER_USER, HEALING_POLICY_ADMISSION_POLICY, MUTATING_CONFIGURATION, VALIDATING_CONFIGURATION, VALIDATING_WEBHOOK } from '../../shared/api/v1alpha1/names.ts'
import type { HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { seconds } from '../../shared/lib/time.ts'
import { nameOfPermission } from '../../shared/rules/action-writes.ts'
import { ungrantedIds } from '../../shared/rules/exemptions.ts'
import { judge, normalised, questionsOf } from '../../shared/rules/judge.ts'
import { MODES_BY_RISK, MOST_NAMES } from '../../shared/rules/less.ts'
import { SHRINKS } from '../../shared/rules/testing/shrinks.ts'
import { DEFAULT_INSTALLATION } from '../../shared/rules/rule.ts'
import { rawPolicy, type PolicyOverrides } from '../../shared/rules/test-policy.ts'
import { policySpec } from '../../shared/testing/arbitraries/resources.ts'
import { buildHealingAction } from '../../shared/testing/builders/objects.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { admissionPolicies, admissionPoliciesFor } from '../../webhook/admission-policies.ts'
import type { Finished } from '../cluster/exec.ts'
import { openDoor, type Door } from './door.ts'

const CONTROLLER = ['--as', CONTROLLER_USER, '--as-group', 'system:masters']
const ALLOW = 'kubeskippy.io/allow'
const STAMP = 'kubeskippy.io/allowed-by'
const RBAC = 'rbac.authorization.k8s.io'

/** Breaks KS208. A dry run, so that no rule asks for the author's rights. */
const BLIND: PolicyOverrides = { mode: 'dryrun', condition: { duration: '30m' }, safetyRules: { stabilizationWindow: '1s' } }
const yaml = (value: unknown): string => stringify(value, { version: '1.1', aliasDuplicateObjects: false })
const policy = (name: string, overrides: PolicyOverrides = { mode: 'dryrun' }, metadata: object = {}): string => yaml({ ...rawPolicy(overrides), metadata: { name, namespace: overrides.namespace ?? 'shop', ...metadata } })
const exempt = (name: string, allow = 'KS208', overrides = BLIND): string => policy(name, overrides, { annotations: { [ALLOW]: allow } })

/** All that any action may write by a name that is known without asking. */
const WORDS = [
  'create  pods/eviction', 'patch  pods', 'delete  pods', 'patch apps deployments', 'patch apps statefulsets', 'patch apps daemonsets', 'delete apps deployments', 'delete apps daemonsets', 'delete apps replicasets',
  'patch apps deployments/scale', 'patch apps statefulsets/scale', 'patch apps replicasets/scale', 'patch  replicationcontrollers/scale', 'patch argoproj.io rollouts/scale',
] as const

const refused = ({ code, stderr }: Finished, ...words: readonly string[]): void => {
  expect(code, stderr).to.equal(1)
  for (const word of words) expect(stderr).to.contain(word)
}
const passed = ({ code, stderr }: Finished): void => void expect(code, stderr).to.equal(0)

describe('without the webhook', function () {
  this.timeout(300_000)
  let door: Door
  const apply = (input: string, as?: string, ...flags: string[]) => door.kubectl(['apply', '-f', '-', ...(as === undefined ? [] : ['--as', as]), ...flags], { input })
  const patch = (name: string, body: object, as?: string, namespace = 'shop', ...flags: string[]) => door.kubectl(['-n', namespace, 'patch', 'hp', name, '--type=merge', '-p', JSON.stringify(body), ...(as === undefined ? [] : ['--as', as]), ...flags])
  const annotationsOf = async (name: string): Promise<Record<string, string>> =>
    (JSON.parse(await door.must(['-n', 'shop', 'get', 'hp', name, '-o', 'json'])) as { metadata: { annotations?: Record<string, string> } }).metadata.annotations ?? {}

  /** As one that was stored before there was the rule. */
  async function storeOld(): Promise<void> {
    const [guard] = admissionPolicies.filter(({ kind, metadata: { name } }) => kind === 'ValidatingAdmissionPolicyBinding' && name === HEALING_POLICY_ADMISSION_POLICY)
    await door.must(['delete', 'validatingadmissionpolicybinding', HEALING_POLICY_ADMISSION_POLICY])
    for (const name of ['old', 'stopped']) {
      await eventually(async () => passed(await apply(policy(name, { namespace: 'kube-system', suspend: name === 'stopped' }), CONTROLLER_USER, '--as-group', 'system:masters')), seconds(60))
    }
    await door.must(['apply', '-f', '-'], { input: yaml(guard) })
    await eventually(async () => refused(await apply(policy('late', { namespace: 'kube-system' }), CONTROLLER_USER, '--as-group', 'system:masters', '--dry-run=server'), '[KS103]'), seconds(60))
  }

  before(async () => {
    door = await openDoor()
    const role = (name: string, verbs: readonly string[]) => [
      { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name }, rules: [
        { apiGroups: ['kubeskippy.io'], resources: ['healingpolicies'], verbs: ['get', 'create', 'patch', 'update', ...verbs] },
        { apiGroups: ['kubeskippy.io'], resources: ['healingactions'], verbs: ['get', 'create', 'patch', 'update', ...(name === 'holder' ? ['approve'] : [])] },
        { apiGroups: [''], resources: ['pods', 'pods/eviction'], verbs: ['create', 'delete'] },
      ] },
      ...['shop', 'kube-system'].map((namespace) => ({ apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata: { name, namespace }, roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name }, subjects: [{ apiGroup: RBAC, kind: 'User', name }] })),
    ]
    await door.must(['apply', '-f', '-'], { input: [...role('author', []), ...role('holder', ['override-safety'])].map(yaml).join('---\n') })
    await storeOld()
    for (const name of ['plain', 'edited']) passed(await apply(policy(name)))
    for (const name of ['granted', 'granted-too']) passed(await apply(exempt(name), 'holder'))
  })
  after(async () => door?.stop())

  it('(with it, first) an exemption is stamped, is refused without the verb, and is warned about', async () => {
    expect((await annotationsOf('granted'))[STAMP]).to.match(/^20\S+Z holder$/)
    refused(await apply(exempt('mine'), 'author'), 'Error from server (Forbidden)', `metadata.annotations[${ALLOW}]: [KS506] you may not override-safety healingpolicies.kubeskippy.io in namespace "shop"`, 'KS208')
    const labelled = await door.kubectl(['-n', 'shop', 'label', 'hp', 'granted', 'a=b', '--as', 'author'])
    passed(labelled)
    expect(labelled.stderr).to.match(/^Warning: KS208 shop\/granted safetyRules\.stabilizationWindow: 1s is shorter than /m)
    expect((await annotationsOf('granted'))[STAMP]).to.match(/ holder$/)
  })

  it('(and then) audit log and metric tell of it, and of what an old violation was tolerated for', async () => {
    const body = await (await fetch(door.program.metricsUrl)).text()
    expect(body).to.match(/^kubeskippy_safety_lowered_total\{rule="KS208",why="Exempted"\} [1-9]/m)
    passed(await door.kubectl(['-n', 'kube-system', 'label', 'hp', 'old', 'seen=yes', '--as', 'author']))
    const noted = (name: string): readonly string[] =>
      readFileSync(door.cluster.auditLog, 'utf8').split('\n').flatMap((line) => (line.includes(`"${VALIDATING_WEBHOOK}/`) && line.includes(`"name":"${name}"`) ? [line] : []))
    await eventually(() => {
      expect(noted('granted').some((line) => line.includes(`"${VALIDATING_WEBHOOK}/exempted":"KS208"`))).to.equal(true)
      expect(noted('old').some((line) => line.includes(`"${VALIDATING_WEBHOOK}/tolerated":"KS103`))).to.equal(true)
    }, seconds(60))
  })

  describe('while it is stopped', () => {
    before(() => door.program.kill())

    it('a policy can be neither made nor changed: kubectl says that the webhook cannot be reached', async () => {
      refused(await apply(policy('new')), 'Error from server (InternalError)', 'failed calling webhook "validate.healingpolicies.kubeskippy.io"')
      refused(await patch('plain', { metadata: { labels: { a: 'b' } } }), 'failed calling webhook')
      refused(await patch('plain', { spec: { mode: 'automatic' } }), 'failed calling webhook')
    })

    it('but suspended and paused, by whoever may write it', async () => {
      passed(await patch('plain', { spec: { suspend: true } }, 'author'))
      passed(await door.kubectl(['-n', 'shop', 'annotate', 'hp', 'edited', 'kubeskippy.io/pause=the door is down', '--as', 'author']))
      passed(await patch('granted-too', { spec: { suspend: true } }, 'author'))
    })

    it('with an apply of the whole policy too', async () => {
      passed(await apply(policy('edited', { mode: 'dryrun', suspend: true, selector: { labelSelector: { matchLabels: { app: 'cart' } } }, action: { target: 'Pod', priority: 50, restartAction: { strategy: 'rolling' } } })))
    })

    it('and with nothing beside it that would have to be judged', async () => {
      refused(await patch('granted', { spec: { suspend: true, mode: 'automatic' } }, 'holder'), 'failed calling webhook')
      refused(await patch('granted', { spec: { suspend: true, safetyRules: { maxActionsPerHour: 9 } } }, 'holder'), 'failed calling webhook')
      refused(await patch('granted', { spec: { suspend: true }, metadata: { annotations: { [ALLOW]: 'KS208,KS305' } } }, 'holder'), 'failed calling webhook')
      // Somebody else who has the verb: what is written of who allowed it would be wrong, and nobody is there to mend it.
      refused(await patch('granted', { spec: { safetyRules: { maxActionsPerHour: 9 } } }), '[KS506] names somebody else')
      refused(await patch('plain', { spec: { suspend: false } }), 'failed calling webhook')
      refused(await patch('plain', { spec: { suspend: false }, metadata: { annotations: { 'kubeskippy.io/pause': 'x' } } }), 'failed calling webhook')
    })
  })

  describe('with its configurations taken away', () => {
    before(async () => {
      await door.must(['delete', `validatingwebhookconfiguration/${VALIDATING_CONFIGURATION}`, `mutatingwebhookconfiguration/${MUTATING_CONFIGURATION}`])
      // API servers learn of it by a watch.
      await eventually(async () => passed(await apply(policy('new'))), seconds(60))
    })

    describe('KS103, protected namespaces', () => {
      const why = 'the cluster and its healer depend on what runs there'
      it('no policy acts by itself there, whoever sends it', async () => {
        for (const namespace of ['kube-system', 'kube-public', 'kube-node-lease', 'kubeskippy-system']) {
          for (const mode of ['manual', 'automatic'] as const) {
            refused(await apply(policy('acting', { mode, namespace })), 'The healingpolicies "acting" is invalid', `metadata.namespace: [KS103] mode ${mode} in the protected namespace "${namespace}" — ${why}`)
          }
        }
        refused(await apply(policy('abroad', { selector: { namespaces: ['shop', 'kube-public'], labelSelector: { matchLabels: { app: 'a' } } } })), 'spec.selector.namespaces[1]: [KS103]')
        refused(await apply(policy('sleeping', { namespace: 'kube-system', suspend: true })), '[KS103]')
      })
      it('it may look', async () => {
        for (const mode of ['monitor', 'dryrun'] as const) passed(await apply(policy(`looking-${mode}`, { mode, namespace: 'kube-system' })))
        refused(await patch('looking-dryrun', { spec: { mode: 'manual' } }, undefined, 'kube-system'), '[KS103]')
      })
      it('an old one can be labelled, suspended, made to do less and deleted, and nothing else', async () => {
        passed(await door.kubectl(['-n', 'kube-system', 'label', 'hp', 'old', 'a=b', '--as', 'author']))
        refused(await patch('old', { spec: { safetyRules: { maxConcurrent: 2 } } }, undefined, 'kube-system'), '[KS103]')
        passed(await patch('old', { spec: { safetyRules: { maxActionsPerHour: 2 } } }, undefined, 'kube-system'))
        refused(await patch('old', { spec: { safetyRules: { maxActionsPerHour: 3 } } }, undefined, 'kube-system'), '[KS103]')
        refused(await patch('stopped', { spec: { suspend: false } }, undefined, 'kube-system'), '[KS103]')
        passed(await patch('old', { spec: { suspend: true } }, 'author', 'kube-system'))
        refused(await patch('old', { spec: { suspend: false } }, undefined, 'kube-system'), '[KS103]')
        passed(await patch('old', { spec: { mode: 'manual' } }, undefined, 'kube-system'))
        // It sleeps on.
        passed(await patch('old', { spec: { mode: 'automatic', safetyRules: { maxActionsPerHour: 9 } } }, undefined, 'kube-system'))
        refused(await patch('old', { spec: { suspend: null } }, undefined, 'kube-system'), '[KS103]')
        passed(await patch('old', { spec: { mode: 'monitor', suspend: false } }, undefined, 'kube-system'))
        refused(await patch('old', { spec: { mode: 'automatic' } }, undefined, 'kube-system'), '[KS103]')
        passed(await door.kubectl(['-n', 'kube-system', 'delete', 'hp', 'stopped']))
      })
      it('whoever suspends gets through with whatever else he changes; going on is refused', async () => {
        passed(await apply(policy('stop-me', { mode: 'dryrun', namespace: 'kube-system' })))
        passed(await apply(policy('stop-me', { mode: 'automatic', namespace: 'kube-system', suspend: true, safetyRules: { maxActionsPerHour: 99 } }), 'author'))
        passed(await door.kubectl(['-n', 'kube-system', 'label', 'hp', 'stop-me', 'a=b', '--as', 'author']))
        refused(await apply(policy('stop-me', { mode: 'automatic', namespace: 'kube-system' })), 'metadata.namespace: [KS103] mode automatic in the protected namespace "kube-system"')
        passed(await apply(policy('stop-me', { mode: 'dryrun', namespace: 'kube-system' })))
      })
      it('nor in those that the installation protects', async () => {
        passed(await apply(policy('before-it', { namespace: 'bank' })))
        await door.must(['apply', '-f', '-'], { input: admissionPoliciesFor(JSON.stringify(['vault', 'bank'])).map(yaml).join('---\n') })
        await eventually(async () => refused(await apply(policy('acting', { namespace: 'bank' }), undefined, '--dry-run=server'), `metadata.namespace: [KS103] mode automatic in the protected namespace "bank" — ${why}`), seconds(60))
        refused(await apply(policy('acting', { namespace: 'bank' })), '[KS103]')
        refused(await apply(policy('abroad', { selector: { namespaces: ['shop', 'bank'], labelSelector: { matchLabels: { app: 'a' } } } })), 'spec.selector.namespaces[1]: [KS103]')
        refused(await apply(policy('acting', { namespace: 'kube-public' })), '[KS103]')
        passed(await apply(policy('looking', { mode: 'dryrun', namespace: 'bank' })))
        passed(await apply(policy('acting', { namespace: 'shop' })))
        // What was there before may do less, and stop.
        refused(await patch('before-it', { spec: { safetyRules: { maxConcurrent: 2 } } }, undefined, 'bank'), '[KS103]')
        passed(await patch('before-it', { spec: { suspend: true } }, undefined, 'bank'))
        await door.must(['apply', '-f', '-'], { input: admissionPolicies.map(yaml).join('---\n') })
        await eventually(async () => passed(await apply(policy('acting', { namespace: 'bank' }), undefined, '--dry-run=server')), seconds(60))
      })
      it('whether an update is refused is what the rules say, for generated ones', async () => {
        const side = fc.record({ mode: fc.constantFrom(...MODES_BY_RISK), suspend: fc.boolean(), limit: fc.constantFrom(1, 5), namespaces: fc.constantFrom<string[]>(['kube-system'], ['kube-system', 'shop']) })
        const specOf = ({ mode, suspend, limit, namespaces }: ReturnType<typeof side.generate>['value']): PolicyOverrides => ({ mode, suspend, namespace: 'kube-system', safetyRules: { maxActionsPerHour: limit }, selector: { namespaces, labelSelector: { matchLabels: { app: 'cart' } } } })
        const verdicts = { refused: 0, passed: 0 }
        for (const [was, is] of fc.sample(fc.tuple(side, side), { seed: 7, numRuns: 25 })) {
          // What acts there was stored before there was the rule: only one that is suspended can be made so now.
          if (!was.suspend && (was.mode === 'manual' || was.mode === 'automatic')) continue
          await door.kubectl(['-n', 'kube-system', 'delete', 'hp', 'generated', '--ignore-not-found'])
          const old = rawPolicy(specOf(was))
          passed(await apply(policy('generated', { ...specOf(was), mode: 'dryrun', suspend: false })))
          passed(await apply(policy('generated', specOf(was))))
          const judged = judge(rawPolicy(specOf(is)), { installation: DEFAULT_INSTALLATION, old })
          const refuses = judged.violations.some(({ rule }) => rule === 'KS103')
          verdicts[refuses ? 'refused' : 'passed']++
          const answer = await apply(policy('generated', specOf(is)), undefined, '--dry-run=server')
          if (refuses) refused(answer, '[KS103]')
          else passed(answer)
        }
        expect(Math.min(verdicts.refused, verdicts.passed), JSON.stringify(verdicts)).to.be.above(2)
      })
    })

    describe('KS108, rights of the author', () => {
      const RIGHTS = WORDS.map((word) => word.split(' ') as [verb: string, apiGroup: string, resource: string])
      const named = ([verb, apiGroup, resource]: (typeof RIGHTS)[number]): string => {
        const [plural = '', ...subresource] = resource.split('/')
        return `${verb} ${[apiGroup === '' ? plural : `${plural}.${apiGroup}`, ...subresource].join('/')}`
      }
      before(async () => {
        // Each right is lacked by one, and one lacks nothing. He has it in one namespace only.
        const lacking = (user: string, index: number) => [
          { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name: user }, rules: [
            { apiGroups: ['kubeskippy.io'], resources: ['healingpolicies'], verbs: ['get', 'create', 'patch', 'update'] },
            ...RIGHTS.filter((_, at) => at !== index).map(([verb, group, resource]) => ({ apiGroups: [group], resources: [resource], verbs: [verb] })),
          ] },
          { apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata: { name: user, namespace: 'shop' }, roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: user }, subjects: [{ apiGroup: RBAC, kind: 'User', name: user }] },
        ]
        await door.must(['apply', '-f', '-'], { input: [...RIGHTS.flatMap((_, index) => lacking(`lacks-${index}`, index)), ...lacking('lacks-none', -1)].map(yaml).join('---\n') })
        // API servers learn of rights by a watch; his are the last of them.
        await eventually(async () => passed(await apply(policy('ready'), 'lacks-none', '--dry-run=server')), seconds(60))
      })

      const POD = { apiVersion: 'v1', kind: 'Pod' }
      const apps = (kind: string) => ({ apiVersion: 'apps/v1', kind })
      const selections = [undefined, [POD], [apps('Deployment')], [apps('StatefulSet'), apps('DaemonSet')], [POD, apps('ReplicaSet')], [{ apiVersion: 'v1', kind: 'ReplicationController' }, { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout' }]]
      const bodies = [
        { type: 'restart', restartAction: {} },
        { type: 'restart', restartAction: { strategy: 'recreate' } },
        { type: 'evict', evictAction: {} },
        { type: 'delete', deleteAction: {} },
        { type: 'scale', scaleAction: { direction: 'up', maxReplicas: 5 } },
        { type: 'patch', patchAction: { patch: 'metadata: {annotations: {note: x}}' } },
      ]
      const each = selections.flatMap((resources) =>
        bodies.flatMap((body) => [undefined, 'Workload'].map((target) => ({ mode: 'manual' as const, selector: { labelSelector: { matchLabels: { app: 'cart' } }, ...(resources === undefined ? {} : { resources }) }, actions: [{ name: 'act', ...body, ...(target === undefined ? {} : { target }) }] }))),
      )
      const needed = (overrides: PolicyOverrides): readonly string[] => {
        const rights = questionsOf(rawPolicy(overrides)).flatMap(({ who, ...permission }) => (who === 'Author' && permission.verb !== 'list' ? [nameOfPermission(permission)] : []))
        return [...new Set(rights)]
      }

      it('is refused with the right that lacks, for every kind of action on every kind of target, and for nothing else', async () => {
        const verdicts = { refused: 0, passed: 0 }
        for (const [at, lacking] of [...RIGHTS.map(named), 'nothing'].entries()) {
          const needs = (overrides: PolicyOverrides): boolean => needed(overrides).includes(lacking)
          // Of those that do not need it some will do.
          const tried = [...each.entries()].filter(([index, overrides]) => lacking === 'nothing' || index % 9 === at % 9 || needs(overrides))
          const { stdout, stderr } = await door.kubectl(['create', '-f', '-', '--dry-run=server', '-o', 'name', '--as', lacking === 'nothing' ? 'lacks-none' : `lacks-${at}`], { input: tried.map(([index, overrides]) => policy(`acts-${index}`, overrides)).join('---\n') })
          const taken = new Set(stdout.split('\n').map((line) => line.split('/')[1] ?? ''))
          for (const [index, overrides] of tried) {
            const refuses = needs(overrides)
            verdicts[refuses ? 'refused' : 'passed']++
            expect(taken.has(`acts-${index}`), `lacks ${lacking}: ${JSON.stringify(overrides)}\n${stderr}`).to.equal(!refuses)
            if (refuses) expect(stderr.split('\n').find((line) => line.includes(`"acts-${index}"`))).to.contain(`spec.actions[0]: [KS108] you may not ${lacking} in namespace "shop" — `)
          }
        }
        expect(verdicts.refused).to.be.above(30)
      })
      it('all that lacks and all that it takes is said at the door, here what is first with all that it takes', async () => {
        const ladder = { mode: 'automatic' as const, actions: bodies.map((body, index) => ({ name: `act-${index}`, ...body, target: body.type === 'evict' ? 'Pod' : 'Workload' })) }
        const { stderr, code } = await apply(policy('ladder', ladder), 'author')
        expect(code).to.equal(1)
        expect(stderr).to.match(/^Error from server \(Forbidden\)/).and.to.contain('spec.actions[0]: [KS108] you may not patch deployments.apps in namespace "shop" — a policy would do for its author what he may not do himself — ask whoever runs the namespace for a Role that grants it, or to write the policy himself; all that the policy does is create pods/eviction, patch deployments.apps, patch statefulsets.apps, ')
      })
      it('in other namespaces too', async () => {
        const wide = (namespaces: string[]) => policy('wide', { selector: { namespaces, labelSelector: { matchLabels: { app: 'cart' } } } })
        passed(await apply(wide(['shop']), 'lacks-none', '--dry-run=server'))
        refused(await apply(wide(['bank', 'shop']), 'lacks-none'), 'you may not create pods/eviction in namespace "bank"')
        passed(await apply(wide(['bank', 'shop']), undefined, '--dry-run=server'))
      })
      it('the widest policy is not too much to ask about', async () => {
        const note = 'x'.repeat(7000)
        const widest = {
          selector: { namespaces: ['shop', ...Array.from({ length: 15 }, (_, index) => `team-${index}`)], labelSelector: { matchLabels: { app: 'cart' } }, resources: [POD, ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].map(apps), ...(selections[5] ?? [])] },
          actions: Array.from({ length: 16 }, (_, index) => ({ name: `act-${index}`, ...(index < 5 ? { target: 'Workload', ...bodies[index === 2 ? 0 : index] } : index === 5 ? { target: 'Pod', ...bodies[3] } : { target: index % 2 === 0 ? 'Pod' : 'Workload', type: 'patch', patchAction: { patch: `metadata: {annotations: {note: ${note}}}` } }) })),
        }
        passed(await apply(policy('widest', widest)))
        passed(await patch('widest', { metadata: { labels: { a: 'b' } } }))
        passed(await patch('widest', { spec: { safetyRules: { maxActionsPerHour: 9 } } }))
        for (const [at, right] of RIGHTS.entries()) refused(await apply(policy('widest-new', widest), `lacks-${at}`, '--dry-run=server'), 'spec.actions[', `[KS108] you may not ${named(right)} in namespace "shop"`)
      })
      it('what does nothing, or does no more than before, is asked nothing', async () => {
        for (const mode of ['monitor', 'dryrun'] as const) passed(await apply(policy('looks', { mode, action: { type: 'delete', restartAction: undefined, deleteAction: {} } as never }), 'lacks-0', '--dry-run=server'))
        passed(await apply(policy('acts')))
        for (const body of [{ metadata: { labels: { a: 'b' } } }, { spec: { safetyRules: { maxActionsPerHour: 1 } } }, { spec: { mode: 'dryrun' } }, { spec: { suspend: true } }]) passed(await patch('acts', body, 'lacks-0'))
        const beside = { spec: { suspend: true, safetyRules: { maxActionsPerHour: 9 } } }
        for (const body of [{ spec: { mode: 'automatic', suspend: false } }, { ...beside, spec: { mode: 'automatic', ...beside.spec } }]) refused(await patch('acts', body, 'lacks-0'), '[KS108]')
      })
    })

    describe('KS506, exemptions', () => {
      const mine = (allow: string) => exempt('mine', allow, { mode: 'dryrun' })
      it('take the verb', async () => {
        refused(await apply(exempt('mine'), 'author'), 'Error from server (Forbidden)', `metadata.annotations[${ALLOW}]: [KS506] you may not override-safety healingpolicies.kubeskippy.io in namespace "shop", which an exemption from KS208 takes — `)
        passed(await apply(exempt('theirs'), 'holder'))
        passed(await apply(exempt('admins')))
      })
      for (const allow of ['KS208,KS205', 'KS205, KS208', 'ks205', 'KS2055', 'KS205 KS208', '*', `${'KS205,'.repeat(60)}KS208`, 'KS205,', '\u2003KS208', '\uFEFFKS208', 'KS208,\u001b[31m']) {
        it(`also ${JSON.stringify(allow.slice(0, 30))}`, async () => {
          const answer = await apply(mine(allow), 'author', '--dry-run=server')
          refused(answer, '[KS506]', allow.includes('KS208') && !['KS205 KS208', '\u2003KS208', '\uFEFFKS208', 'KS208,\u001b[31m'].includes(allow) && allow.length < 100 ? 'which an exemption from KS208 takes' : 'takes — ')
          expect(answer.stderr).to.not.contain('from  takes')
          // oxlint-disable-next-line no-control-regex -- these characters are the subject
          expect(answer.stderr).to.not.match(/[\u0000-\u0009\u000b-\u001f]/)
        })
      }
      it('from rules about triggers do not', async () => {
        for (const allow of ['KS205', ' KS205 , KS299']) passed(await apply(mine(allow), 'author', '--dry-run=server'))
      })
      it('an update takes it that adds one, or that changes what an exempted policy does', async () => {
        const tries = [
          { metadata: { annotations: { [ALLOW]: 'KS208,KS305' } } },
          { metadata: { annotations: { [ALLOW]: 'KS305' } } },
          { spec: { mode: 'manual' } },
          { spec: { safetyRules: { maxActionsPerHour: 9 } } },
          { spec: { safetyRules: { healthCheckTimeout: '9m' } } },
          { spec: { selector: { labelSelector: { matchLabels: { app: 'other' } } } } },
          { spec: { actions: [{ name: 'restart', type: 'delete', deleteAction: { force: true } }] } },
          { spec: { history: { failed: 3 } } },
        ]
        for (const body of tries) {
          refused(await patch('theirs', body, 'author'), '[KS506] you may not override-safety')
          passed(await door.kubectl(['-n', 'shop', 'patch', 'hp', 'theirs', '--type=merge', '-p', JSON.stringify(body), '--as', 'holder', '--dry-run=server']))
        }
        refused(await patch('plain', { metadata: { annotations: { [ALLOW]: 'KS208' } } }, 'author'), '[KS506]')
      })
      it('no other one', async () => {
        for (const body of [
          { metadata: { labels: { a: 'b' }, annotations: { note: 'x' } } },
          { spec: { suspend: true } },
          { spec: { suspend: false } },
          { spec: { mode: 'monitor' } },
          { spec: { safetyRules: { maxActionsPerHour: 2 } } },
          { metadata: { annotations: { [ALLOW]: 'KS208,KS205' } } },
          { metadata: { annotations: { [ALLOW]: null } }, spec: { safetyRules: { maxActionsPerHour: 9 } } },
        ]) passed(await patch('theirs', body, 'author'))
        refused(await patch('theirs', { metadata: { annotations: { [ALLOW]: 'KS208' } } }, 'author'), '[KS506]')
      })
      it('every change that does no more needs no verb, and back again it takes it', async () => {
        const rich = {
          safetyRules: {
            maxActionsPerHour: 8, maxConcurrent: 4, budgets: [{ actions: 5, per: '2h' }], schedules: [{ allow: false, during: { schedule: '0 1 * * *', duration: '1h', timeZone: 'UTC' } }], maxUnhealthy: '40%', requireHealthCheck: false, stabilizationWindow: '2m',
            protectedResources: [{ apiVersion: 'v1', kind: 'Pod', names: ['till-0'] }], circuitBreaker: { failureThreshold: 4, openDuration: '5m' },
          },
          selector: { namespaces: ['bank', 'shop'], labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'v1', kind: 'Pod', names: ['cart-0', 'cart-1'] }] },
        }
        const { spec } = normalised(rawPolicy({ mode: 'dryrun', ...rich })) ?? expect.fail('not a policy')
        const object = (of: HealingPolicySpec): string => yaml({ ...rawPolicy(), metadata: { name: 'rich', namespace: 'shop', annotations: { [ALLOW]: 'KS208' } }, spec: of })
        const dryRun = (of: HealingPolicySpec) => door.kubectl(['replace', '-f', '-', '--as', 'author', '--dry-run=server'], { input: object(of) })
        passed(await apply(object(spec), 'holder'))
        for (const shrink of Object.values(SHRINKS)) passed(await dryRun(shrink(spec)))
        const all = Object.values(SHRINKS).reduce((before, shrink) => shrink(before), spec)
        passed(await dryRun(all))
        passed(await door.kubectl(['replace', '-f', '-', '--as', 'holder'], { input: object(all) }))
        refused(await dryRun(spec), '[KS506]')
        for (const part of ['mode', 'selector', 'triggers', 'actions', 'safetyRules'] as const) refused(await dryRun({ ...all, [part]: spec[part] }), '[KS506]')
        for (const rule of Object.keys(rich.safetyRules) as (keyof typeof rich.safetyRules)[]) refused(await dryRun({ ...all, safetyRules: { ...all.safetyRules, [rule]: spec.safetyRules[rule] } }), '[KS506]')
      })
      it('what one entry excludes another one brings back only with the verb, also in the longest lists that are compared', async () => {
        const pods = (prefix: string, entry: number) => Array.from({ length: MOST_NAMES }, (_, index) => `${prefix}-${entry}-${index}`)
        const pod = { apiVersion: 'v1', kind: 'Pod' }
        const many = Array.from({ length: 16 }, (_, entry) => ({ ...pod, names: pods('cart', entry), excludeNames: pods('till', entry) }))
        for (const [name, before, less, more] of [
          ['two', [{ ...pod, excludeNames: ['cart-0'] }, pod], [pod, { ...pod, excludeNames: ['cart-0', 'cart-1'] }], [pod, pod]],
          ['sixteen', many, many.map((entry, index) => ({ ...entry, names: entry.names.slice(1), excludeNames: [...many[15 - index]?.excludeNames ?? []] })), many.map((entry) => ({ ...entry, excludeNames: many[0]?.excludeNames }))],
        ] as const) {
          const select = (resources: readonly object[]): object => ({ ...BLIND, selector: { labelSelector: { matchLabels: { app: 'cart' } }, resources } })
          passed(await apply(policy(name, select(before), { annotations: { [ALLOW]: 'KS208' } }), 'holder'))
          passed(await patch(name, { spec: { selector: { resources: less } } }, 'author', 'shop', '--dry-run=server'))
          refused(await patch(name, { spec: { selector: { resources: more } } }, 'author', 'shop', '--dry-run=server'), '[KS506] you may not override-safety')
        }
      })
      it('whether the verb is needed is what the rules say, for generated updates', async () => {
        const changes: readonly ((spec: HealingPolicySpec) => HealingPolicySpec)[] = [
          (spec) => spec,
          (spec) => ({ ...spec, suspend: !spec.suspend }),
          ...MODES_BY_RISK.map((mode) => (spec: HealingPolicySpec) => ({ ...spec, mode })),
          ...Object.values(SHRINKS),
          (spec) => ({ ...spec, safetyRules: { ...spec.safetyRules, maxConcurrent: spec.safetyRules.maxConcurrent + 1 } }),
          (spec) => ({ ...spec, actions: spec.actions.slice(0, 1) }),
          (spec) => ({ ...spec, triggers: spec.triggers.toReversed() }),
          (spec) => ({ ...spec, safetyRules: { ...spec.safetyRules, maxUnhealthy: '7' } }),
        ]
        const ids = fc.constantFrom('KS208', 'KS208,KS305', 'KS205', 'KS205,KS305', '')
        const pairs = fc.sample(fc.tuple(policySpec, fc.array(fc.constantFrom(...changes), { minLength: 1, maxLength: 2 }), ids, ids), { seed: 5, numRuns: 40 })
        const verdicts = new Set<boolean>()
        for (const [spec, edits, before, after] of pairs) {
          // Where a policy may act is another rule's business.
          const old = { ...spec, selector: { ...spec.selector, namespaces: ['shop'] } }
          const object = (of: HealingPolicySpec, allow: string) => ({ ...rawPolicy(), metadata: { name: 'generated', namespace: 'shop', annotations: { [ALLOW]: allow } }, spec: of })
          const [was, is] = [object(old, before), object(edits.reduce<HealingPolicySpec>((last, edit) => edit(last), old), after)]
          const [stored, policyNow] = [normalised(was), normalised(is)]
          if (stored === undefined || policyNow === undefined) continue
          await door.kubectl(['-n', 'shop', 'delete', 'hp', 'generated', '--ignore-not-found'])
          const made = await door.kubectl(['create', '-f', '-', '--as', 'holder'], { input: yaml(was) })
          if (made.code !== 0) continue
          const { code, stderr } = await door.kubectl(['replace', '-f', '-', '--as', 'author', '--dry-run=server'], { input: yaml(is) })
          const refuses = ungrantedIds(policyNow, stored).length > 0
          verdicts.add(refuses)
          if (refuses) expect([code, stderr.includes('[KS506]')], stderr).to.deep.equal([1, true])
          else expect(stderr).to.not.contain('[KS506]')
        }
        expect([...verdicts]).to.have.lengthOf(2)
      })
      it('nobody writes another name beside them, and nobody changes it', async () => {
        const stamped = (by: string) => policy('forged', BLIND, { annotations: { [ALLOW]: 'KS208', [STAMP]: by } })
        refused(await apply(stamped('2030-01-01T00:00:00Z author'), 'holder'), `metadata.annotations[${STAMP}]: [KS506] names somebody else`)
        passed(await apply(stamped('2030-01-01T00:00:00Z holder'), 'holder', '--dry-run=server'))
        refused(await patch('granted', { metadata: { annotations: { [STAMP]: '2030-01-01T00:00:00Z author' } } }, 'author'), '[KS506] names somebody else')
      })
      it('an exempted policy can be deleted, and let go of by a finalizer', async () => {
        passed(await apply(policy('held', BLIND, { annotations: { [ALLOW]: 'KS208' }, finalizers: ['example.com/hold'] }), 'holder'))
        await door.must(['-n', 'shop', 'delete', 'hp', 'held', '--wait=false'])
        passed(await patch('held', { metadata: { finalizers: null } }, 'author'))
      })
    })

    describe('KS701 and KS702, our own objects', () => {
      const action = (name: string, metadata: object = {}): string => {
        const { metadata: _, ...object } = buildHealingAction()
        return yaml({ ...object, metadata: { name, namespace: 'shop', ...metadata }, spec: { ...object.spec, approvalRequired: true, approvalDeadline: '2035-01-01T00:00:00Z' } })
      }
      const decide = (user: string, decidedBy = user, approval: object = {}, body: object = {}, ...flags: string[]) =>
        door.kubectl(['-n', 'shop', 'patch', 'ha', 'waiting', '--type=merge', '-p', JSON.stringify({ ...body, spec: { approval: { decision: 'Approved', decidedBy, ...approval } } }), '--as', user, ...flags])
      it('nobody but the controller creates HealingActions', async () => {
        for (const as of [[], ['--as', 'author'], ['--as', 'system:serviceaccount:shop:kubeskippy-controller-manager', '--as-group', 'system:masters']]) refused(await door.kubectl(['create', '-f', '-', ...as], { input: action('made') }), '[KS701]')
        passed(await door.kubectl(['create', '-f', '-', ...CONTROLLER], { input: action('waiting') }))
      })
      it('who decides has the verb approve, and does it in his own name', async () => {
        refused(await decide('author'), '[KS702] deciding needs the verb approve')
        refused(await decide('holder', 'author'), '[KS702] spec.approval.decidedBy is not the name', 'write the one that kubectl auth whoami tells')
      })
      it('of one that goes nothing but what holds it is changed, so that the record stays what it was', async () => {
        const held = action('held', { finalizers: ['example.com/hold'] })
        const going = (metadata: object) => door.kubectl(['-n', 'shop', 'patch', 'ha', 'held', '--type=merge', '-p', JSON.stringify({ metadata })])
        passed(await door.kubectl(['create', '-f', '-', ...CONTROLLER], { input: held }))
        refused(await going({ finalizers: null }), '[KS701]')
        await door.must(['-n', 'shop', 'delete', 'ha', 'held', '--wait=false'])
        for (const metadata of [{ labels: { 'kubeskippy.io/policy': 'other' } }, { annotations: { a: 'b' } }]) refused(await going(metadata), '[KS701]')
        passed(await going({ finalizers: null }))
      })
      it('and at no other time than now', async () => {
        const from = (minutes: number) => ({ decidedAt: new Date(Date.now() + minutes * 60_000).toISOString() })
        const forged = { metadata: { managedFields: [{ manager: 'me', operation: 'Update', apiVersion: 'kubeskippy.io/v1alpha1', time: '1999-01-01T00:00:00Z', fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': { 'f:approval': {} } } }] } }
        for (const minutes of [-12, 12]) refused(await decide('holder', 'holder', from(minutes)), '[KS702] spec.approval.decidedAt is more than 10m from now')
        for (const body of [forged, { metadata: { managedFields: [{}] } }]) refused(await decide('holder', 'holder', { decidedAt: '1999-01-01T00:00:00Z' }, body), '[KS702]')
        for (const at of [from(-8), from(8), {}]) passed(await decide('holder', 'holder', at, {}, '--dry-run=server'))
        passed(await decide('holder'))
      })
    })
  })

  it('the expressions are of the right types', async () => {
    const { items } = JSON.parse(await door.must(['get', 'validatingadmissionpolicies', '-o', 'json'])) as { readonly items: readonly { readonly status?: { readonly typeChecking?: { readonly expressionWarnings?: unknown } } }[] }
    expect(items).to.have.lengthOf(3)
    for (const { status } of items) expect(status?.typeChecking?.expressionWarnings, JSON.stringify(status)).to.equal(undefined)
  })
})
