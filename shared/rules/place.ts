/** Where a violation is, in words that an update does not change as long as what it is about is there. Pure. */
import { isObject } from '../lib/json.ts'
import type { Violation } from './violation.ts'

const KINDS = 'spec.selector.resources'

/** The rule and the path, with items of lists by what they are: a namespace fewer, or a protection more, moves the others. */
export function placeOf({ rule, path }: Pick<Violation, 'rule' | 'path'>, policy: unknown): string {
  let here: unknown = policy
  let before = ''
  const place = path.replaceAll(/\.?([^.[\]]+)|\[([0-9]+)\]/g, (part: string, name: string | undefined, index: string | undefined) => {
    if (name !== undefined) here = isObject(here) && Object.hasOwn(here, name) ? here[name] : undefined
    else if (Array.isArray(here)) here = here[Number(index)]
    else return part
    const shown = name !== undefined || here === undefined ? part : `[${identity(here, before)}]`
    before += part
    return shown
  })
  return `${rule} ${place}`
}

/** By its name, or its kind where its names may become fewer; else by all that it says. */
function identity(item: unknown, list: string): string {
  if (!isObject(item)) return JSON.stringify(item)
  if (list === KINDS) return `${String(item['apiVersion'])} ${String(item['kind'])}`
  return typeof item['name'] === 'string' ? item['name'] : JSON.stringify(item)
}
