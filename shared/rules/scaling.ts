/** What actions do to the number of replicas, be it by `scale` or by a patch of spec.replicas: one reading for all rules. Pure. */
import type { ActionTemplate } from '../api/v1alpha1/types.ts'
import { isObject } from '../lib/json.ts'
import { parsePatch, type PatchContent } from './patches/parse.ts'
import { shown } from './patches/paths.ts'
import type { Touch } from './patches/touches.ts'

export type Scaling = Pick<NonNullable<ActionTemplate['scaleAction']>, 'direction' | 'replicas' | 'minReplicas' | 'maxReplicas'>

const isReplicas = ({ path }: Touch): boolean => shown(path) === 'spec.replicas'

/** undefined: it leaves the number alone. A patch that sets it scales to it; one that tests what it was, up or down to it. */
export function scalingOf({ scaleAction, patchAction }: Pick<ActionTemplate, 'scaleAction' | 'patchAction'>): Scaling | undefined {
  if (scaleAction !== undefined || patchAction === undefined) return scaleAction
  const parsed = parsePatch(patchAction)
  if ('problems' in parsed) return undefined
  const to = parsed.touches.findLast((touch) => touch.kind === 'set' && isReplicas(touch))?.value
  if (typeof to !== 'number') return undefined
  const from = testedReplicas(parsed.content)
  if (from === undefined || from === to) return { direction: 'absolute', replicas: to, minReplicas: 1 }
  return from < to ? { direction: 'up', replicas: to - from, minReplicas: 1, maxReplicas: to } : { direction: 'down', replicas: from - to, minReplicas: to }
}

/** The number that a JSON patch asks for before it writes another one. */
function testedReplicas(content: PatchContent): number | undefined {
  if (content.type !== 'json') return undefined
  const first = content.body.find((operation) => isObject(operation) && operation['path'] === '/spec/replicas')
  return isObject(first) && first['op'] === 'test' && typeof first['value'] === 'number' ? first['value'] : undefined
}

/** It does nothing else. */
export function onlyScales(action: Pick<ActionTemplate, 'scaleAction' | 'patchAction'>): boolean {
  if (action.patchAction === undefined) return action.scaleAction !== undefined
  const parsed = parsePatch(action.patchAction)
  return !('problems' in parsed) && parsed.touches.every(isReplicas)
}

/** Where it goes, whatever is there; undefined: that depends. No action scales what has no pods, so 1 is never more. */
export const wayOf = ({ direction, replicas }: Scaling): 'up' | 'down' | undefined => (direction !== 'absolute' ? direction : replicas === 1 ? 'down' : undefined)

/**
 * Whether one act may take most of what there is: a step that is larger than what it leaves, or a single one that is left.
 * @returns half a sentence, or undefined
 */
export function takesMost({ direction, replicas = 1, minReplicas }: Scaling): string | undefined {
  if (direction === 'absolute') return replicas === 1 ? 'leaves a single replica of however many there are' : undefined
  const least = minReplicas ?? 1
  return direction === 'down' && replicas > least ? `takes away ${replicas} in one act, and ${least} may be all that is left` : undefined
}

/** How two stand to each other that are made to the same object; undefined: neither gets in the way of the other. */
export function scalings(a: Scaling, b: Scaling): 'Opposing' | 'Same' | undefined {
  if (a.direction === b.direction) return a.direction === 'absolute' && a.replicas !== b.replicas ? 'Opposing' : 'Same'
  const [to, by] = a.direction === 'absolute' ? [a, b] : [b, a]
  const { replicas } = to
  if (to.direction !== 'absolute' || replicas === undefined) return 'Opposing'
  // Beyond its own bound the other one goes no further.
  const leaves = by.direction === 'up' ? by.maxReplicas === undefined || by.maxReplicas > replicas : (by.minReplicas ?? 1) < replicas
  return leaves ? 'Opposing' : undefined
}

/** For people: `up`, `to 3`. */
export const inWords = ({ direction, replicas }: Scaling): string => (direction === 'absolute' ? `to ${replicas}` : direction)

/** Where it says so, below the action. */
export const memberOf = ({ scaleAction, patchAction }: Pick<ActionTemplate, 'scaleAction' | 'patchAction'>): string =>
  patchAction === undefined ? `scaleAction.${scaleAction?.direction === 'absolute' ? 'replicas' : 'direction'}` : `patchAction.${patchAction.patches === undefined ? 'patch' : 'patches'}`
