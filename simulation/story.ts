/** A run as a story: what the world did, what the controller did, and what that broke. */
import { HEALING_POLICIES } from '../shared/kube/resources.ts'
import { isObject } from '../shared/lib/json.ts'
import { stringAt } from '../shared/testing/fake-cluster/objects.ts'
import { isWrite, type JournalEntry } from '../shared/testing/fake-cluster/calls.ts'
import type { Telling } from './engine/simulation.ts'
import type { Breach, Verdict } from './judge.ts'
import type { Plan } from './plan/plan.ts'
import { isController } from './world/world.ts'

/** Written all the time, and never what it was about. */
const DULL = new Set(['leases', 'events', 'selfsubjectaccessreviews', 'subjectaccessreviews'])

export function storyOf({ run, breaches, fingerprint }: Verdict): string {
  const { plan, journal, tellings } = run
  const begin = run.world.clock.began
  const told = [...tellings, ...journal.flatMap((entry) => tellingOf(entry, begin)), ...breaches.map(breachOf)]
  const lines = told.map((telling, n) => ({ telling, n })).toSorted((a, b) => a.telling.at - b.telling.at || a.n - b.n)
  return [`Seed ${plan.seed}: ${inWords(plan)}`, ...lines.map(({ telling: { at, who, what } }) => `${at.toFixed(1).padStart(7)} s  ${who}: ${what}`), `journal ${fingerprint}`].join('\n')
}

const inWords = ({ profile, controllers, limits, workloads, policies }: Plan): string =>
  [
    profile,
    { alone: 'one controller', elected: 'two controllers with a lease', unfenced: 'two controllers, both of which act' }[controllers],
    ...(limits === undefined ? [] : [`${limits.namespace} actions of a namespace and ${limits.cluster} of the cluster in an hour`]),
    ...workloads.map(({ kind, namespace, name, replicas }) => `${kind} ${namespace}/${name} of ${replicas}`),
    ...policies.map(({ namespace, name, spec: { mode = '', triggers = [], actions = [] } }) => `policy ${namespace}/${name} (${mode}; ${triggers.map((t) => t.name).join(', ')}; ${actions.map((a) => a.type).join(', then ')})`),
  ].join('; ')

const breachOf = ({ invariant, at, where, action, why }: Breach): Telling => ({ at, who: `!! ${invariant}`, what: `${where}${action === undefined ? '' : ` of ${action}`}: ${why}` })

function tellingOf({ at, call, body, outcome, answered, changed }: JournalEntry, begin: number): Telling[] {
  const { verb, resource, subresource, namespace, name, user, impersonate, dryRun } = call
  // What policies say of themselves is told by what they decide.
  if (!isWrite(call) || DULL.has(resource.plural) || !isController(user) || resource === HEALING_POLICIES) return []
  const fate = outcome === answered ? (outcome === 'ok' ? (changed || dryRun ? '' : ', which changes nothing') : `: ${outcome}`) : `: ${outcome === 'ok' ? 'it lands' : outcome}, but the answer is ${answered}`
  const phase = stringAt(isObject(body) ? body['body'] : undefined, 'status', 'phase')
  const what = `${verb} ${resource.plural}${subresource === undefined ? '' : `/${subresource}`} ${[namespace, name].filter(Boolean).join('/')}${phase === undefined ? '' : ` (${phase})`}${dryRun ? ' (dry run)' : ''}${fate}`
  return [{ at: Math.round((at - begin) / 100) / 10, who: `${user}${impersonate === undefined ? '' : ' as the healer'}`, what }]
}
