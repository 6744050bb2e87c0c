import { nameOf } from '../../api/v1alpha1/kinds.ts'
import { boxOf, type Box } from '../../lib/selector-sets.ts'
import { isEmptySelector } from '../../lib/selector.ts'
import { acts, selectedResources, type Finding, type Rule } from '../rule.ts'
import { giverOf, isCustomary } from './tool-labels.ts'

/** Of labels that people give: it may be meant, so it is a warning. */
const CUSTOM = 'people put on nearly all that they deploy'

/** The keys by which it asks for what nearly every object of the kind has, with who gives it; undefined: it asks for something else too. */
function askedOfAll(box: Box, kind: string): ReadonlyMap<string, string> | undefined {
  const met = new Map<string, string>()
  for (const [key, values] of box) {
    // What is met without the label only excludes.
    if (values.absent) continue
    const giver = giverOf(key, values, kind) ?? (isCustomary(key, values) ? CUSTOM : undefined)
    if (giver === undefined) return undefined
    met.set(key, giver)
  }
  return met
}

export const ks101: Rule = {
  id: 'KS101',
  severity: 'E',
  alsoWarns: true,
  noExemption: 'what is meant can always be said, by label or by name; and by empty the controller selects nothing',
  title: 'A policy that acts must say by label or by name what it acts on. A label that tools put on nearly all that there is does not; one that nearly everybody has (app, k8s-app, component, ...), whatever its value, is warned about.',
  why: 'empty never means all: one broken rollout would become actions all over the namespace',
  fix: 'add matchLabels, an In or Exists expression on a label of the application, or names for each resource; or use mode monitor',
  check(policy) {
    const { labelSelector = {} } = policy.spec.selector
    if (!acts(policy)) return []
    const unnamed = selectedResources(policy).filter(({ names }) => names === undefined || names.length === 0)
    const box = boxOf(labelSelector)
    const found = [...new Set(unnamed.map(nameOf))].flatMap((kind) => {
      const keys = askedOfAll(box, kind)
      return keys === undefined ? [] : [{ kind, keys }]
    })
    if (found.length === 0) return []
    const list = found.map(({ kind }) => kind).join(', ')
    const finding = (what: string): Finding => ({ path: 'spec.selector.labelSelector', what: `${what} ${list}` })
    const keys = new Map(found.flatMap((one) => [...one.keys]))
    if (keys.size === 0) return [finding(isEmptySelector(labelSelector) ? 'selects every' : 'only excludes labels, so it selects nearly every')]
    const customary = found.every((one) => [...one.keys.values()].includes(CUSTOM))
    const given = [...Map.groupBy(keys, ([, giver]) => giver)].map(([giver, ones]) => `${ones.map(([key]) => key).join(', ')}, which ${giver}`)
    return [{ ...finding(`asks for no label but ${given.join(', and ')}, so it selects nearly every`), ...(customary ? { severity: 'W' as const } : {}), fix: 'ask for a value that only the application has, such as app: cart or app.kubernetes.io/instance: cart; or write names' }]
  },
}
