/** patch: fields of a list of allowed ones. Judged twice: as written, and by what the API server says would change. */
import { ACTS_ON, isOneOf, POD } from '../../shared/api/v1alpha1/action-kinds.ts'
import type { KindReference } from '../../shared/api/v1alpha1/kinds.ts'
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import { printable } from '../../shared/lib/text.ts'
import { disallowed, type Disallowed } from '../../shared/rules/patches/allowed.ts'
import { diff, MOST_CHANGES, touchesOf } from '../../shared/rules/patches/changes.ts'
import { outages } from '../../shared/rules/patches/outages.ts'
import { parsePatch } from '../../shared/rules/patches/parse.ts'
import { shown, type FieldPath } from '../../shared/rules/patches/paths.ts'
import type { Touch } from '../../shared/rules/patches/touches.ts'
import { badValue } from '../../shared/rules/patches/values.ts'
import { describe } from '../healing/owners.ts'
import type { TargetView } from '../healing/snapshot.ts'
import type { ActionKind, Change, DryRun, Expectation, PlanContext, Unplannable } from './action.ts'
import { intended, told } from './diff.ts'
import { refuse } from './evict.ts'
import { valueAt, pointer } from './fields.ts'
import { withoutEffect } from './restart.ts'
import { laterOf, rolloutOf } from './turnover.ts'

type PatchArgs = NonNullable<ActionTemplate['patchAction']>

export const patchAction: ActionKind<PatchArgs> = {
  type: 'patch',
  args: (template) => template.patchAction,
  expects: (args, target) => expectation(pathsOf(args), target),
  plan: (args, target, context) => {
    const { ref, resourceVersion } = target
    if (!isOneOf([POD, ...ACTS_ON.patch], ref)) return refuse('Unsupported', `${describe(ref)} is of a kind that is not patched`)
    const parsed = parsePatch(args)
    if ('problems' in parsed) return refuse('Unsupported', parsed.problems.map(({ member, what }) => `${member} ${what}`).join('; '))
    const refusal = judge(parsed.touches, target, context) ?? otherShape(parsed.touches, target, context)
    if (refusal !== undefined) return refusal
    return {
      operations: [{ kind: 'patch', target: ref, preconditions: { uid: ref.uid, resourceVersion }, patch: parsed.content }],
      changes: parsed.touches.map(({ path, value }) => told({ path, before: valueAt(context.object, pointer(path.map(({ key }) => key))), after: value })),
      // Known from the dry run only.
      intent: [],
      touches: parsed.touches.map(({ path }) => pointer(path.map(({ key }) => key))),
      ...(target.shape === 'Workload' && expectation(pathsOf(args), ref) === 'turnover' ? laterOf(target, context.pods) : {}),
    }
  },
}

/** What a person is shown of it before anything is read. */
export const shownChanges = (args: PatchArgs): readonly Change[] => writtenTouches(args).map(({ path, value }) => told({ path, before: undefined, after: value }))

const writtenTouches = (args: PatchArgs): readonly Touch[] => {
  const parsed = parsePatch(args)
  return 'problems' in parsed ? [] : parsed.touches
}

const pathsOf = (args: PatchArgs): readonly FieldPath[] => writtenTouches(args).map(({ path }) => path)

function expectation(paths: readonly FieldPath[], target: KindReference): Expectation {
  const fields = paths.map((path) => path.map(({ key }) => key).slice(0, 2).join('.'))
  if (fields.includes('spec.template')) return rolloutOf(target)
  return fields.includes('spec.replicas') ? 'replicas' : 'quiet'
}

/** Why the fields may not be changed on this object. */
function judge(touches: readonly Touch[], target: TargetView, { allowList, selectorKeys }: PlanContext): Unplannable | undefined {
  const [first] = touches.flatMap((touch): NotPatched | readonly NotPatched[] => disallowed(touch, { allowList, selectorKeys }) ?? badValue(touch) ?? [])
  if (first !== undefined) return notPatched(first)
  const spec = touches.find(({ path }) => path[0]?.key !== 'metadata')
  if (target.shape === 'Pod') return spec === undefined ? undefined : refuse('Unsupported', `${shown(spec.path)} of a pod is not patched: only its annotations and labels are`)
  if (target.shape !== 'Workload') return undefined
  return expectation(touches.map(({ path }) => path), target.ref) === rolloutOf(target.ref) ? withoutEffect(target) : undefined
}

type NotPatched = Pick<Disallowed, 'path' | 'why'>
const notPatched = ({ path, why }: NotPatched): Unplannable => refuse('Unsupported', `${shown(path)} is not patched: ${why}`)

/** A container of another name, and the API server would make a new one of what little the patch says of it. */
function otherShape(touches: readonly Touch[], { ref }: TargetView, { object }: PlanContext): Unplannable | undefined {
  for (const { path } of touches) {
    const at = path.findIndex(({ key }, index) => CONTAINERS.has(key) && path[index + 1]?.item === true)
    const name = path[at + 1]?.key ?? ''
    // By its place in the list: the API server says whether there is one.
    if (at < 0 || /^[0-9]+$/.test(name)) continue
    const list = asList(valueAt(object, pointer(path.slice(0, at + 1).map(({ key }) => key))))
    if (!list.some((container) => valueAt(container, '/name') === name)) return refuse('TargetChanged', `${describe(ref)} has no container ${printable(name, 63)}, which the patch is about`)
  }
  return undefined
}

const CONTAINERS = new Set(['containers', 'initContainers'])

/** The last word has what the API server would store: a webhook, or a list in another order, may have made more of the patch. */
export function judgeDryRun(target: TargetView, after: unknown, context: PlanContext): DryRun | Unplannable {
  const changes = diff(context.object, after)
  if (changes.length === 0) return refuse('NothingToDo', `${describe(target.ref)} is as the patch would make it already`)
  if (changes.length > MOST_CHANGES) return refuse('Unsupported', `the patch would change ${changes.length} fields, and ${MOST_CHANGES} are the most that are kept`)
  const touches = touchesOf(changes)
  const [outage] = outages(touches, { before: context.object, after })
  return judge(touches, target, context) ?? (outage === undefined ? undefined : notPatched(outage)) ?? { changes: changes.map(told), intent: changes.map(intended) }
}

export const labelKeys = (selectors: readonly unknown[]): ReadonlySet<string> =>
  new Set(selectors.flatMap((selector) => [...Object.keys(asMap(valueAt(selector, '/matchLabels'))), ...asList(valueAt(selector, '/matchExpressions')).map((expression) => String(valueAt(expression, '/key')))]))

const asMap = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {})
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
