/** What the API server makes of an object by a patch of each form. Pure: what is given stays as it is. */
import jsonPatch from 'fast-json-patch'
import { isObject } from '../../lib/json.ts'
import { printable } from '../../lib/text.ts'
import type { PatchContent } from './parse.ts'
import { CannotApply, own, put } from './members.ts'
import { mergeMaps } from './strategic.ts'

export type Applied = { readonly object: unknown } | { readonly cannot: string }

/** `cannot`: the API server would answer with an error; half a sentence. */
export function applied(content: PatchContent, object: Readonly<Record<string, unknown>>): Applied {
  try {
    const result = apply(structuredClone(content), structuredClone(object))
    return isObject(result) ? { object: result } : { cannot: 'leaves no object' }
  } catch (error) {
    if (error instanceof CannotApply) return { cannot: error.message }
    throw error
  }
}

function apply(content: PatchContent, object: Record<string, unknown>): unknown {
  switch (content.type) {
    case 'strategic':
      return mergeMaps(object, { ...content.body })
    case 'merge':
      return merged(object, content.body)
    case 'json':
      return operated(object, content.body)
    default:
      return content satisfies never
  }
}

/** RFC 7386. */
function merged(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result = isObject(target) ? target : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else put(result, key, merged(own(result, key), value))
  }
  return result
}

/** Beyond it `copy` makes of an object what no API server would store. */
const MOST_COPIED = 20_000

/** RFC 6902, each operation checked. */
function operated(object: Record<string, unknown>, operations: readonly unknown[]): unknown {
  let document: unknown = object
  let copied = 0
  for (const [index, operation] of operations.entries()) {
    const { op, path, from } = isObject(operation) ? operation : {}
    try {
      // The library leaves it as it is; of RFC 6902 and others nothing can be moved into itself.
      if (op === 'move' && from === '') throw new CannotApply('moves the whole object')
      if (op === 'copy' && typeof from === 'string') copied += sizeOf(jsonPatch.getValueByPointer(document, from), MOST_COPIED)
      if (copied < MOST_COPIED) document = jsonPatch.applyOperation(document, asServer(document, operation) as Parameters<typeof jsonPatch.applyOperation>[1], true, true, true, index).newDocument
    } catch {
      throw new CannotApply(`has an operation that fits no object: ${printable(String(typeof path === 'string' ? path : index))}`)
    }
    if (copied >= MOST_COPIED) throw new CannotApply('copies without end')
  }
  return document
}

/** TRAP: a `replace` of a member that is not there adds it, whatever RFC 6902 says. */
function asServer(document: unknown, operation: unknown): unknown {
  if (!isObject(operation) || operation['op'] !== 'replace' || typeof operation['path'] !== 'string' || operation['path'] === '') return operation
  const { path } = operation
  const parent: unknown = jsonPatch.getValueByPointer(document, path.slice(0, path.lastIndexOf('/')))
  return isObject(parent) && jsonPatch.getValueByPointer(document, path) === undefined ? { ...operation, op: 'add' } : operation
}

/** Maps, lists and leaves in it, counted up to `most`. */
function sizeOf(value: unknown, most: number): number {
  let size = 1
  for (const member of typeof value === 'object' && value !== null ? Object.values(value) : []) {
    if (size >= most) return size
    size += sizeOf(member, most - size)
  }
  return size
}
