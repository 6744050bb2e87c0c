/** What the API server makes of an object by a patch of each form. Pure: what is given stays as it is. */
import jsonPatch from 'fast-json-patch'
import { isObject } from '../../lib/json.ts'
import type { PatchContent } from './parse.ts'
import { CannotApply, own, put } from './members.ts'
import { mergeMaps } from './strategic.ts'

export type Applied = { readonly object: unknown } | { readonly cannot: string }

/** `cannot`: the API server would answer with an error; half a sentence. `copy` can double the object with each operation. */
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

/** RFC 6902, each operation checked. */
function operated(object: unknown, operations: readonly unknown[]): unknown {
  try {
    return jsonPatch.applyPatch(object, operations as Parameters<typeof jsonPatch.applyPatch>[1], true).newDocument
  } catch (error) {
    const failed = operations.find((operation) => isObject(error) && error['operation'] === operation)
    const path = isObject(failed) ? `: ${String(failed['path']).slice(0, 120)}` : ''
    throw new CannotApply(`has an operation that fits no object${path}`)
  }
}
