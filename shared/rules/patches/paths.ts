/** Paths of fields, as patches touch them and as the allow-list names them. Pure. */
import { printable } from '../../lib/text.ts'

/** A member of a map, or an item of a list by its name or index. */
export interface Step {
  readonly key: string
  readonly item?: true
}

export type FieldPath = readonly Step[]

/** Lists of the objects that actions write to, whose items have names: as a strategic merge patch knows them. */
export const NAMED_LISTS: ReadonlySet<string> = new Set(['containers', 'initContainers', 'env'])

/** `spec.template.spec.containers[app].env[LEVEL].value`, `metadata.annotations[example.com/note]`. */
export function shown(path: FieldPath): string {
  const text = path.map(({ key, item }, index) => (item === true || !/^[A-Za-z$][A-Za-z0-9$]*$/.test(key) ? `[${key}]` : `${index === 0 ? '' : '.'}${key}`)).join('')
  return printable(text === '' ? 'the whole object' : text, 200)
}

/** The tokens of a JSON pointer; undefined: it is none. What stands after the name of a list is its item. */
export function fromPointer(pointer: string): FieldPath | undefined {
  if (pointer === '') return []
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return undefined
  return asSteps(pointer.slice(1).split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~')))
}

export const asSteps = (keys: readonly string[]): FieldPath => keys.map((key, index): Step => (index > 0 && NAMED_LISTS.has(keys[index - 1] ?? '') ? { key, item: true } : { key }))

/**
 * `metadata.labels.*`, `spec.template.spec.containers[].resources.**`: `*` is any one member, `**` whatever is
 * below and itself, `[]` any item. `metadata.annotations[example.com/*]`: keys of that prefix; `[example.com/note]`: that one.
 * `spec.template.spec.containers[].env[SHOP_*].value`: variables whose names begin so, with `[*_MODE]` end so; `[MODE]`: that one.
 */
export type Pattern = readonly string[]

const KEYS = String.raw`(spec\.template\.)?metadata\.(annotations|labels)\[([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]*[a-z0-9])?/(\*|[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)\]`
const VARIABLES = String.raw`spec\.template\.spec\.(containers|initContainers)\[\]\.env\[(\*?[A-Za-z_][A-Za-z0-9_]*|[A-Za-z_][A-Za-z0-9_]*\*)\]\.value`
export const ALLOWED_FIELD = new RegExp(String.raw`^([A-Za-z][A-Za-z0-9]*(\[\])*(\.([A-Za-z][A-Za-z0-9]*(\[\])*|\*))*(\.\*\*)?|${KEYS}|${VARIABLES})$`)

/** undefined: not written so. */
export function compilePattern(text: string): Pattern | undefined {
  if (!ALLOWED_FIELD.test(text)) return undefined
  const [, env = '', variable] = /^(.+\.env)\[([^\]]+)\]\.value$/.exec(text) ?? []
  if (variable !== undefined) return [...env.replaceAll('[]', '.[]').split('.'), `[${variable}]`, 'value']
  const [, map = '', key] = /^(.+)\[([^\]]+)\]$/.exec(text) ?? []
  return key === undefined ? text.replaceAll('[]', '.[]').split('.') : [...map.split('.'), key]
}

/** Keys of annotations or labels with their prefix, or variables. */
export const names = (pattern: Pattern): boolean => pattern.at(-1)?.includes('/') === true || pattern.some((part) => VARIABLE.test(part))

const VARIABLE = /^\[(.+)\]$/
/** An item that is known by its place alone. */
export const isPlace = ({ key, item }: Step): boolean => item === true && /^[0-9]+$/.test(key)

/** By its place: whatever it is called. */
function matchesVariable(wanted: string, step: Step): boolean {
  if (step.item !== true) return false
  if (wanted.startsWith('*')) return isPlace(step) || step.key.endsWith(wanted.slice(1))
  return isPlace(step) || (wanted.endsWith('*') ? step.key.startsWith(wanted.slice(0, -1)) : step.key === wanted)
}

export function matches(pattern: Pattern, path: FieldPath): boolean {
  const open = pattern.at(-1) === '**'
  const fixed = open ? pattern.slice(0, -1) : pattern
  if (open ? path.length < fixed.length : path.length !== fixed.length) return false
  return fixed.every((part, index) => matchesStep(part, path[index]))
}

function matchesStep(part: string, step: Step | undefined): boolean {
  if (step === undefined) return false
  const [, variable] = VARIABLE.exec(part) ?? []
  if (variable !== undefined) return matchesVariable(variable, step)
  // `-` is the place after the last item: no item.
  if (part === '[]') return step.item === true ? step.key !== '-' : /^[0-9]+$/.test(step.key)
  if (step.item === true) return false
  // Prefixes are written in any case, and mean the same.
  return part === '*' || (part.endsWith('/*') ? step.key.toLowerCase().startsWith(part.slice(0, -1)) : part === step.key)
}
