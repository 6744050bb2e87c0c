/** `work` done once for each object that it is given, for as long as somebody else holds the object: for what schemas and tables never change. */
export function remembered<K extends object, V>(work: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>()
  return (key) => {
    const found = known.get(key)
    if (found !== undefined || known.has(key)) return found as V
    const made = work(key)
    known.set(key, made)
    return made
  }
}
