/** `kubeskippy approve` and `reject`: of an action that waits for a person. */
import type { Command } from 'commander'
import type { HealingAction } from '../shared/api/v1alpha1/types.ts'
import type { KubeApi, Resource } from '../shared/kube/api.ts'
import { isApiError } from '../shared/kube/errors.ts'
import { HEALING_ACTIONS } from '../shared/kube/resources.ts'
import { isObject } from '../shared/lib/json.ts'
import { printable } from '../shared/lib/text.ts'
import { chosenNamespace, clusterFlags, DONE, isUnknownKind, namespaceValue, NotPossible, type AddCommand } from './command.ts'
import { deedOn, withDeeds, type FieldChange, type WriteFlags } from './deeds.ts'
import type { CliEnvironment } from './environment.ts'
import { outputOption } from './output.ts'

interface Flags extends WriteFlags {
  readonly namespace?: string
  readonly reason?: string
}

type Decision = NonNullable<HealingAction['spec']['approval']>['decision']
type Api = Pick<KubeApi, 'get' | 'patch' | 'post'>

const FIELD_MANAGER = 'kubeskippy-cli'
/** Bound of the schema. */
const LONGEST_REASON = 1024

export const addDecide: AddCommand = (program, env, finish) => {
  onAction(program.command('approve'))
    .description('Approves an action that waits for it: it is carried out as it was shown, unless things have changed.')
    .action((name: string, flags: Flags) => finish(() => decide(env, 'Approved', name, flags)))
  onAction(program.command('reject'))
    .description('Rejects it: nothing more is tried on that workload until it has been healthy again.')
    .action((name: string, flags: Flags) => finish(() => decide(env, 'Rejected', name, flags)))
}

const onAction = (command: Command): Command =>
  clusterFlags(
    command
      .usage('ACTION -n NAMESPACE')
      .argument('<action>', 'name of a HealingAction')
      .option('-n, --namespace <name>', 'its namespace', namespaceValue)
      .option('--reason <text>', 'for whoever reads it later'),
  )
    .option('--dry-run', 'let the API server judge the decision, and make none')
    .addOption(outputOption())

const decide = (env: CliEnvironment, decision: Decision, given: string, flags: Flags): Promise<number> =>
  withDeeds(env, flags, async (api, deeds) => {
    // As `kubectl get` prints it.
    const name = given.replace(/^(?:ha|healingactions?)(?:\.kubeskippy\.io)?\//, '')
    const namespace = await chosenNamespace(env, flags)
    const { dryRun } = deeds
    const action = await find(api, namespace, name)
    const { uid } = action.metadata
    const called = `healingaction/${name} in ${namespace}`
    const { approval } = action.spec
    const about = aboutOf(action)
    if (approval?.decision === decision) {
      deeds.tell('about', about)
      deeds.did(deedOn(HEALING_ACTIONS, { namespace, name, uid }, 'unchanged'), printable(`${called}: was ${past(decision)} by ${approval.decidedBy} already`, LONGEST_LINE))
      return DONE
    }
    assertWaiting(action, called)
    const reason = printable((flags.reason ?? '').trim(), LONGEST_REASON)
    const decidedBy = await whoAmI(api)
    const written = { decision, ...(reason === '' ? {} : { reason }), ...(decidedBy === undefined ? {} : { decidedBy }) }
    const body = {
      // This object, and no other one of that name.
      metadata: { uid },
      spec: { approval: written },
    }
    await api.patch(HEALING_ACTIONS, { namespace, name }, { type: 'merge', body }, { dryRun, fieldManager: FIELD_MANAGER })
    deeds.tell('about', about)
    for (const line of told(about)) deeds.show(printable(line, LONGEST_LINE))
    const fields = Object.entries(written).map(([field, newValue]): FieldChange => ({ field: `spec.approval.${field}`, newValue }))
    deeds.did(deedOn(HEALING_ACTIONS, { namespace, name, uid }, 'updated', fields), printable(`${called}: ${past(decision)}`, LONGEST_LINE))
    return DONE
  })

const LONGEST_LINE = 1000

const past = (decision: Decision): string => decision.toLowerCase()

async function find(api: Api, namespace: string, name: string): Promise<HealingAction> {
  try {
    return await api.get<HealingAction>(HEALING_ACTIONS, { namespace, name })
  } catch (error) {
    if (!isApiError(error, 'NotFound') || isUnknownKind(error)) throw error
    throw new NotPossible(`healingaction/${printable(name, 253)} is not in ${namespace}: those that wait are in kubectl get ha -n ${namespace}`)
  }
}

/** The API server says so too, in more words. @throws NotPossible */
function assertWaiting({ spec, status }: HealingAction, called: string): void {
  if (spec.approval !== undefined) throw new NotPossible(`${called} was ${past(spec.approval.decision)} by ${printable(spec.approval.decidedBy, 253)}: a decision is made once`)
  if (spec.approvalRequired !== true) throw new NotPossible(`${called} waits for no approval`)
  const { phase = 'Pending', result } = status ?? {}
  if (phase !== 'Pending') throw new NotPossible(`${called} waits no longer: it is ${phase}${result === undefined ? '' : ` (${result.reason}: ${printable(result.message, 300)})`}`)
}

/** What the decision is about. */
const aboutOf = ({ spec: { action, targetResource, trigger, changes }, status }: HealingAction) => ({
  action: action.type,
  target: targetResource,
  trigger: trigger.name,
  evidence: trigger.evidence,
  // Of a patch the decision could not say what is there now; the dry run that was made since did.
  changes: status?.result?.changes ?? changes ?? [],
})

const told = ({ action, target, trigger, evidence, changes }: ReturnType<typeof aboutOf>): readonly string[] => [
  `${action} of ${target.kind}/${target.name}, since ${trigger} fires: ${evidence}`,
  ...changes.map(({ field, oldValue, newValue }) => `  ${field}: ${oldValue ?? ''} -> ${newValue ?? ''}`),
]

const SELF_SUBJECT_REVIEWS: Resource = { group: 'authentication.k8s.io', version: 'v1', kind: 'SelfSubjectReview', plural: 'selfsubjectreviews', namespaced: false }

/** So that it can be decided while the webhook, which would fill it in, is down. undefined: it has to. */
async function whoAmI(api: Api): Promise<string | undefined> {
  try {
    const answer = await api.post<unknown>(SELF_SUBJECT_REVIEWS, { name: '' }, '', { apiVersion: 'authentication.k8s.io/v1', kind: SELF_SUBJECT_REVIEWS.kind })
    const status = isObject(answer) ? answer['status'] : undefined
    const userInfo = isObject(status) ? status['userInfo'] : undefined
    const name = isObject(userInfo) ? userInfo['username'] : undefined
    return typeof name === 'string' && name !== '' ? name : undefined
  } catch (error) {
    if (isApiError(error, 'NotFound', 'Forbidden')) return undefined
    throw error
  }
}
