/** Both layers of the CRD on one object, in the order and with the stops of the API server. */
import { isObject } from '../../lib/json.ts'
import { decode, rootSchema } from '../../schema/defaults.ts'
import type { Issue } from '../../schema/issue.ts'
import type { CustomResource } from '../../schema/structural.ts'
import { evaluateCel } from './evaluate.ts'

/**
 * @param check the compiled schema of the kind (`compileResource`): handed in, since it stands on npm and rules do not
 * @param old the stored object on UPDATE
 */
export function judgeObject(resource: CustomResource, check: (object: unknown) => readonly Issue[], object: unknown, old?: unknown): Issue[] {
  const shape = check(object)
  if (shape.some(({ stopsCel }) => stopsCel) || !isObject(object)) return [...shape]
  const value = decode(resource, object)
  const before = isObject(old) ? decode(resource, old) : undefined
  return [...shape, ...evaluateCel(rootSchema(resource), value, { old: before })]
}
