/** `kubeskippy explain`: the whole chain from evidence to outcome, and why nothing happened. */
import type { HealingAction, HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import type { KubeReader } from '../../shared/kube/api.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { HEALING_ACTIONS, HEALING_POLICIES } from '../../shared/kube/resources.ts'
import { nearest, printable, quoted } from '../../shared/lib/text.ts'
import { formatInstant, type Instant } from '../../shared/lib/time.ts'
import { chosenNamespace, DONE, NotPossible, withCluster, type ClusterFlags } from '../command.ts'
import type { CliEnvironment } from '../environment.ts'
import { toText } from '../layout.ts'
import { inFormat, type Output } from '../output.ts'
import { find, listAll } from '../reading.ts'
import { actionText } from './action-text.ts'
import { adviceFor } from './advice.ts'
import { gatherAction, gatherPolicy } from './gather.ts'
import { policyText } from './policy-text.ts'
import type { ActionStory, PolicyStory } from './story.ts'

export interface ExplainFlags extends ClusterFlags {
  readonly namespace?: string
  readonly output: Output
}

export const explain = (env: CliEnvironment, name: string, flags: ExplainFlags): Promise<number> =>
  withCluster(env, flags, async (api) => {
    const story = await gather(api, readName(name), await chosenNamespace(env, flags), env.clock.now())
    env.stdout(inFormat(flags.output, () => asData(story), () => toText(story.kind === 'policy' ? policyText(story) : actionText(story))))
    return DONE
  })

export interface Named {
  /** undefined: either. */
  readonly kind: 'policy' | 'action' | undefined
  readonly name: string
}

const PREFIXES = { policy: /^(?:hp|healingpolic(?:y|ies))(?:\.kubeskippy\.io)?\//, action: /^(?:ha|healingactions?)(?:\.kubeskippy\.io)?\// } as const

/** As kubectl prints and takes them: `hp/cart`, `healingaction.kubeskippy.io/cart-restart-...`. */
export function readName(text: string): Named {
  for (const kind of ['policy', 'action'] as const) {
    if (PREFIXES[kind].test(text)) return { kind, name: text.replace(PREFIXES[kind], '') }
  }
  return { kind: undefined, name: text }
}

async function gather(api: KubeReader, { kind, name }: Named, namespace: string, own: Instant): Promise<PolicyStory | ActionStory> {
  const key = { namespace, name }
  await assertKnown(api, namespace)
  const policy = kind === 'action' ? undefined : await find<HealingPolicy>(api, HEALING_POLICIES, key)
  if (policy !== undefined) return gatherPolicy(api, policy, own)
  const action = kind === 'policy' ? undefined : await find<HealingAction>(api, HEALING_ACTIONS, key)
  if (action !== undefined) return gatherAction(api, action, own)
  const lists = await Promise.all([...(kind === 'action' ? [] : [HEALING_POLICIES]), ...(kind === 'policy' ? [] : [HEALING_ACTIONS])].map((resource) => listAll(api, resource, { namespace })))
  const known = lists.flat().map(({ metadata }) => metadata.name)
  const [near] = nearest(name, known)
  const what = kind === 'policy' ? 'no HealingPolicy' : kind === 'action' ? 'no HealingAction' : 'neither a HealingPolicy nor a HealingAction'
  throw new NotPossible(`there is ${what} ${quoted(name, 253)} in namespace ${namespace}${near === undefined ? '' : `: did you mean ${printable(near, 253)}?`}`)
}

/** Nothing to find, and no CRD to find it by, are two answers. @throws ApiError */
async function assertKnown(api: KubeReader, namespace: string): Promise<void> {
  try {
    await api.list(HEALING_POLICIES, { namespace, limit: 1 })
  } catch (error) {
    // Whoever may not list may still get.
    if (!isApiError(error, 'Forbidden')) throw error
  }
}

function asData(story: PolicyStory | ActionStory): unknown {
  const { now, ...rest } = story
  const readable = story.problems.length === 0
  const advice =
    story.kind === 'policy'
      ? adviceFor(readable ? story.policy.status?.lastDecision?.reason : undefined, story.policy.metadata, story.policy.status?.lastDecision?.message)
      : adviceFor(readable ? story.action.status?.result?.reason : undefined, story.action.metadata, story.action.status?.result?.message)
  return { now: formatInstant(now), ...rest, ...(advice === undefined ? {} : { advice }) }
}
