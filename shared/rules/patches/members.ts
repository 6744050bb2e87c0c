/** Members of maps that came from a user. Pure. */

/** The API server would answer with an error, or nobody can tell what it would do: half a sentence. */
export class CannotApply extends Error {
  override readonly name = 'CannotApply'
}

/** Never what every object inherits. */
export const own = (members: Readonly<Record<string, unknown>>, key: string): unknown => (Object.hasOwn(members, key) ? members[key] : undefined)

/** @throws CannotApply for the one key that is no member but the prototype */
export function put(members: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') throw new CannotApply('names "__proto__", which is no field')
  members[key] = value
}
