/** Pieces of the expressions that the API server evaluates (CEL). One that fails refuses everybody, so each access is guarded. */

/** Whether these members of two values are equal, absent ones included. */
export const sameMembers = (now: string, old: string, names: readonly string[]): string => names.map((name) => sameMember(now, old, name)).join(' && ')

export const sameMember = (now: string, old: string, name: string): string => `has(${now}.${name}) == has(${old}.${name}) && (!has(${now}.${name}) || ${now}.${name} == ${old}.${name})`

/** Its text; empty: it is not there. */
export const annotationOf = (object: 'object' | 'oldObject', name: string): string => `${object}.metadata.?annotations[?'${name}'].orValue('')`

/** A text within an expression. */
export const literal = (value: string): string => `'${value.replaceAll("'", "\\'")}'`

export const literals = (values: readonly string[]): string => `[${values.map(literal).join(', ')}]`

/** Of an action `a` that names no target: what `withContextDefaults` adds. `variables` counts what is selected. */
export const DEFAULT_TARGET = "a.type == 'evict' ? 'Pod' : a.type == 'scale' ? 'Workload' : variables.pods == variables.selected ? 'Pod' : variables.pods == 0 ? 'Workload' : ''"
