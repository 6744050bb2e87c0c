/** Kubernetes label selectors: matching, as the API server does it. */

export interface LabelSelectorRequirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values?: readonly string[]
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly LabelSelectorRequirement[]
}

export type Labels = Readonly<Record<string, string>>

/** True when the selector has no requirement at all. In Kubernetes it then matches everything; here it selects nothing (I8). */
export function isEmptySelector(selector: LabelSelector | undefined): boolean {
  return Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions ?? []).length === 0
}

/** Whether the labels meet every requirement. An empty selector matches everything: callers decide what empty means to them. */
export function matchesLabels(selector: LabelSelector, labels: Labels | undefined): boolean {
  const has = (key: string): boolean => labels !== undefined && Object.hasOwn(labels, key)
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (!has(key) || labels?.[key] !== value) return false
  }
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = has(key) ? labels?.[key] : undefined
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value)
      case 'NotIn':
        return value === undefined || !values.includes(value)
      case 'Exists':
        return value !== undefined
      case 'DoesNotExist':
        return value === undefined
      default:
        return operator satisfies never
    }
  })
}

/**
 * A selector in its text form: `app=cart,tier in (a, b),!old`. Empty text is the empty selector; undefined: it cannot be
 * read.
 */
export function parseSelector(text: string): LabelSelector | undefined {
  if (text.trim() === '') return {}
  const read = text.split(/,(?![^()]*\))/).map(requirement)
  const matchExpressions = read.filter((one) => one !== undefined)
  return matchExpressions.length === read.length ? { matchExpressions } : undefined
}

function requirement(text: string): LabelSelectorRequirement | undefined {
  const set = /^\s*([^\s!=(),]+)\s+(in|notin)\s+\(([^()]*)\)\s*$/.exec(text)
  if (set !== null) {
    const [, key = '', operator, values = ''] = set
    return { key, operator: operator === 'in' ? 'In' : 'NotIn', values: values.split(',').map((value) => value.trim()) }
  }
  const equality = /^\s*([^\s!=(),]+)\s*(!=|==|=)\s*([^\s!=(),]*)\s*$/.exec(text)
  if (equality !== null) {
    const [, key = '', operator, value = ''] = equality
    return { key, operator: operator === '!=' ? 'NotIn' : 'In', values: [value] }
  }
  const exists = /^\s*(!?)\s*([^\s!=(),]+)\s*$/.exec(text)
  return exists === null ? undefined : { key: exists[2] ?? '', operator: exists[1] === '!' ? 'DoesNotExist' : 'Exists' }
}
