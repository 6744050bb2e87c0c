/**
 * A strategic merge patch as the API server applies it to the workloads that are patched (apimachinery's
 * `util/strategicpatch`): merge keys, `$patch`, `$retainKeys`, `$setElementOrder/…`, `$deleteFromPrimitiveList/…`. What
 * it refuses is refused here. An end-to-end test compares the two.
 */
import { isObject, sameJson } from '../../lib/json.ts'
import { quoted } from '../../lib/text.ts'
import { CannotApply, own, put } from './members.ts'

type Members = Record<string, unknown>
type List = readonly unknown[]

/** Lists that merge, by the member that tells their items apart; `finalizers` are plain texts. All others are replaced. */
export const MERGE_KEYS: Readonly<Record<string, string | undefined>> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  env: 'name',
  volumes: 'name',
  imagePullSecrets: 'name',
  schedulingGates: 'name',
  resourceClaims: 'name',
  ports: 'containerPort',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  hostAliases: 'ip',
  topologySpreadConstraints: 'topologyKey',
  ownerReferences: 'uid',
  finalizers: undefined,
}

const ORDER = '$setElementOrder'
const DELETION = '$deleteFromPrimitiveList'

/** Changes what it is given, and may return one of them. @throws CannotApply where the API server would answer with an error */
export function mergeMaps(original: Members, patch: Members): Members {
  const directive = own(patch, '$patch')
  if (directive === 'replace') return without(patch, '$patch')
  if (directive === 'delete') return {}
  if (directive !== undefined) throw new CannotApply(`has $patch: ${textOf(directive)}, which the API server does not know there`)
  const rest = inOrder(original, retained(original, patch))
  for (const [name, value] of Object.entries(rest)) {
    const deletes = name.startsWith(DELETION)
    const key = deletes ? afterSlash(name) : name
    const now = own(original, key)
    if (value === null) delete original[key]
    else if (now === undefined || !sameType(now, value)) {
      if (!deletes) putOrDrop(original, key, fresh(value))
    } else if (isObject(now) && isObject(value)) put(original, key, mergeMaps(now, value))
    else if (Array.isArray(now) && Array.isArray(value)) put(original, key, mergeLists(key, now, value, deletes))
    else put(original, key, value)
  }
  return original
}

const textOf = (value: unknown): string => quoted(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))

const without = (members: Members, name: string): Members => Object.fromEntries(Object.entries(members).filter(([key]) => key !== name))

function afterSlash(name: string): string {
  const at = name.indexOf('/')
  if (at < 0 || ![ORDER, DELETION].includes(name.slice(0, at))) throw new CannotApply(`has the directive ${quoted(name)}, which names no list`)
  return name.slice(at + 1)
}

const typeOf = (value: unknown): string => (Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value)
const sameType = (a: unknown, b: unknown): boolean => typeOf(a) === typeOf(b)

function putOrDrop(members: Members, key: string, value: unknown): void {
  if (value === undefined) delete members[key]
  else put(members, key, value)
}

/** Of what was not there before: without nulls, and without what bears a directive. undefined: nothing is left. */
function fresh(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fresh).filter((item) => item !== undefined)
  if (!isObject(value)) return value
  if (Object.hasOwn(value, '$patch')) return undefined
  const kept: Members = {}
  for (const [key, member] of Object.entries(value)) if (member !== null) putOrDrop(kept, key, fresh(member))
  return kept
}

/** `$retainKeys`: members that it does not name go, and the patch may bring no others. */
function retained(original: Members, patch: Members): Members {
  const keys = own(patch, '$retainKeys')
  if (keys === undefined) return patch
  const rest = without(patch, '$retainKeys')
  const isStray = ([key, value]: [string, unknown]): boolean => value !== null && !key.startsWith(DELETION) && !key.startsWith(ORDER) && !(Array.isArray(keys) && keys.includes(key))
  if (!Array.isArray(keys) || Object.entries(rest).some(isStray)) throw new CannotApply('has $retainKeys that do not name what the patch sets')
  for (const key of Object.keys(original)) if (!keys.includes(key)) delete original[key]
  return rest
}

/** `$setElementOrder/…`: the list is merged and put in order. What is left of the patch. */
function inOrder(original: Members, patch: Members): Members {
  let rest = patch
  for (const [name, order] of Object.entries(patch)) {
    if (!name.startsWith(ORDER)) continue
    const key = afterSlash(name)
    const [now, value] = [own(original, key), own(patch, key)]
    if (!Array.isArray(order) || [now, value].some((list) => list !== undefined && !Array.isArray(list))) throw new CannotApply(`has ${quoted(name)} for what is no list`)
    if (!isWithin(key, asList(value), order)) throw new CannotApply(`has ${quoted(name)} in another order than its list`)
    rest = without(rest, name)
    if (now === undefined && value === undefined) continue
    const merged = now === undefined ? asList(fresh(value)) : value === undefined ? asList(now) : mergeLists(key, asList(now), asList(value), false)
    put(original, key, arranged(key, merged, order, asList(now)))
    rest = without(rest, key)
  }
  return rest
}

const asList = (value: unknown): List => (Array.isArray(value) ? value : [])

/** Whether the items of the patch are all in the order, one after the other. */
function isWithin(key: string, items: List, order: List): boolean {
  const kept = items.filter((item) => !(isObject(item) && Object.hasOwn(item, '$patch')))
  if (order.length === 0) return true
  let at = 0
  for (const placed of order) if (at < kept.length && isSame(key, kept[at], placed)) at++
  return at === kept.length
}

function isSame(key: string, a: unknown, b: unknown): boolean {
  const by = MERGE_KEYS[key]
  if (by === undefined) return a === b
  return isObject(a) && isObject(b) && own(a, by) !== undefined && own(a, by) === own(b, by)
}

function mergeLists(key: string, original: List, patch: List, deletes: boolean): List {
  if (!Object.hasOwn(MERGE_KEYS, key) && !deletes) return patch
  if (original.length === 0 && patch.length === 0) return original
  const items = [...original, ...patch]
  if (items.some((item) => Array.isArray(item) || isObject(item) !== isObject(items[0]))) throw new CannotApply(`has a list ${quoted(key)} whose items are of several types`)
  if (deletes && !isObject(items[0])) return original.filter((item) => !patch.includes(item))
  const by = MERGE_KEYS[key]
  if (!isObject(items[0])) return arranged(key, [...new Set(items)], patch, original)
  if (by === undefined) throw new CannotApply(`has a list ${quoted(key)} whose items nothing tells apart`)
  return mergeItems(key, by, original, patch)
}

function mergeItems(key: string, by: string, original: List, patch: List): List {
  let before = [...original]
  const special = patch.filter((item): item is Members => isObject(item) && Object.hasOwn(item, '$patch'))
  const plain = patch.filter((item): item is Members => isObject(item) && !Object.hasOwn(item, '$patch'))
  for (const item of special) {
    if (item['$patch'] !== 'delete' && item['$patch'] !== 'replace') throw new CannotApply(`has $patch: ${textOf(item['$patch'])} in a list, which the API server does not know there`)
    if (item['$patch'] === 'delete' && own(item, by) === undefined) throw new CannotApply(`removes an item of ${quoted(key)} without its ${by}`)
    if (item['$patch'] === 'delete') before = before.filter((other) => !isSame(key, other, item))
  }
  if (special.some((item) => item['$patch'] === 'replace')) return plain
  const merged = [...before]
  for (const item of plain) {
    if (own(item, by) === undefined) throw new CannotApply(`has an item of ${quoted(key)} without its ${by}`)
    const at = merged.findIndex((other) => isSame(key, other, item))
    const now = merged[at]
    if (isObject(now)) merged[at] = mergeMaps(now, item)
    else merged.push(item)
  }
  return arranged(key, merged, plain, before)
}

/** Items of `order` in its order, the others in theirs, among each other as they were before. */
function arranged(key: string, merged: List, order: List, before: List): List {
  const place = (list: List, item: unknown): number => list.findIndex((other) => isSame(key, other, item) || sameJson(other, item))
  const ordered = merged.filter((item) => place(order, item) >= 0).toSorted((a, b) => place(order, a) - place(order, b))
  const others = merged.filter((item) => place(order, item) < 0).toSorted((a, b) => place(before, a) - place(before, b))
  const result: unknown[] = []
  while (others.length > 0 && ordered.length > 0) {
    const [left, right] = [place(before, others[0]), place(before, ordered[0])]
    result.push(left >= 0 && right >= 0 && left < right ? others.shift() : ordered.shift())
  }
  return [...result, ...ordered, ...others]
}
