/** What the first two layers of validation find: KS001 the shape, KS002 a CEL rule of the CRD. */
export interface Issue {
  readonly kind: 'KS001' | 'KS002'
  /** As Kubernetes writes it: `spec.triggers[0].conditionTrigger.type`; empty for the object itself. */
  readonly path: string
  /** Which entry of the map at `path` it is about: the API server names the map alone. */
  readonly entry?: { readonly key: string; readonly part: 'key' | 'value' }
  /** What is wrong and what is allowed, without the path. Quoted values are printable. */
  readonly message: string
  /** The API server evaluates no CEL rule of an object with such an issue (wrong type, enum, missing, too long, too many). */
  readonly stopsCel: boolean
}

/** Issues without repetitions, in the order given. */
export function distinct(issues: readonly Issue[]): Issue[] {
  const seen = new Set<string>()
  return issues.filter(({ path, message }) => {
    const key = `${path}\n${message}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}
