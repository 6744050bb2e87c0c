/** The kinds of patch, applied to plain JSON. Pure: the result is new, what was given stays. */
import { isObject, sameJson } from '../../lib/json.ts'
import { patchFailed } from './answers.ts'

/** RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = mergePatch(result[name], value)
  }
  return result
}

/** Lists that merge by a key; all others are replaced. The part of the server's list that healing touches. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  volumes: 'name',
  env: 'name',
  imagePullSecrets: 'name',
  ports: 'containerPort',
  volumeMounts: 'mountPath',
  conditions: 'type',
  ownerReferences: 'uid',
}

/** Strategic merge with `$patch: delete` and `$patch: replace`; no other directive. */
export function strategicPatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  if (patch['$patch'] === 'replace') return withoutDirective(patch)
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    const key = MERGE_KEYS[name]
    if (value === null) delete result[name]
    else if (key !== undefined && Array.isArray(value)) result[name] = mergeLists(result[name], value, key)
    else result[name] = strategicPatch(result[name], value)
  }
  return result
}

function mergeLists(target: unknown, patch: readonly unknown[], key: string): unknown[] {
  if (patch.some((item) => isObject(item) && item['$patch'] === 'replace' && item[key] === undefined)) {
    return patch.filter((item) => !(isObject(item) && item['$patch'] === 'replace'))
  }
  let result: unknown[] = Array.isArray(target) ? [...target] : []
  for (const item of patch) {
    const same = (other: unknown): boolean => isObject(item) && isObject(other) && sameJson(other[key], item[key])
    if (isObject(item) && item['$patch'] === 'delete') result = result.filter((other) => !same(other))
    else if (result.some(same)) result = result.map((other) => (same(other) ? strategicPatch(other, item) : other))
    else result.push(item)
  }
  return result
}

const withoutDirective = (patch: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(patch).filter(([name]) => name !== '$patch'))

/** RFC 6902. @throws Refused (422 with empty details) for whatever is wrong: the server does not tell these apart */
export function jsonPatch(target: unknown, operations: readonly unknown[]): unknown {
  let root = structuredClone(target)
  for (const operation of operations) {
    if (!isObject(operation) || typeof operation['path'] !== 'string') throw patchFailed()
    root = applyOperation(root, operation, operation['path'])
  }
  return root
}

function applyOperation(root: unknown, operation: Record<string, unknown>, path: string): unknown {
  const from = typeof operation['from'] === 'string' ? operation['from'] : ''
  switch (operation['op']) {
    case 'test':
      if (!sameJson(find(root, path), operation['value'])) throw patchFailed()
      return root
    case 'add':
      return set(root, path, operation['value'], 'add')
    case 'replace':
      find(root, path)
      return set(root, path, operation['value'], 'replace')
    case 'remove':
      return remove(root, path)
    case 'copy':
      return set(root, path, structuredClone(find(root, from)), 'add')
    case 'move': {
      const value = find(root, from)
      return set(remove(root, from), path, value, 'add')
    }
    default:
      throw patchFailed()
  }
}

function tokens(path: string): string[] {
  if (path === '') return []
  if (!path.startsWith('/')) throw patchFailed()
  return path.slice(1).split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function find(root: unknown, path: string): unknown {
  let here = root
  for (const token of tokens(path)) {
    if (Array.isArray(here) && /^(0|[1-9][0-9]*)$/.test(token) && Number(token) < here.length) here = here[Number(token)]
    else if (isObject(here) && Object.hasOwn(here, token)) here = here[token]
    else throw patchFailed()
  }
  return here
}

function set(root: unknown, path: string, value: unknown, mode: 'add' | 'replace'): unknown {
  const parts = tokens(path)
  const last = parts.pop()
  if (last === undefined) return value
  const parent = find(root, path.slice(0, path.lastIndexOf('/')))
  if (isObject(parent)) parent[last] = value
  else if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last)
    if (!Number.isInteger(index) || index < 0 || index > parent.length) throw patchFailed()
    parent.splice(index, mode === 'replace' ? 1 : 0, value)
  } else throw patchFailed()
  return root
}

function remove(root: unknown, path: string): unknown {
  find(root, path)
  const last = tokens(path).pop()
  const parent = find(root, path.slice(0, path.lastIndexOf('/')))
  if (last === undefined) throw patchFailed()
  if (Array.isArray(parent)) parent.splice(Number(last), 1)
  else if (isObject(parent)) delete parent[last]
  return root
}
