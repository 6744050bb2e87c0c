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

/**
 * The same for texts, of which only the last `limit` are known: for small answers that take long to find, such as what is wrong with
 * a pattern. The same policies come again and again.
 */
export function rememberedByText<V>(limit: number, work: (text: string) => V): (text: string) => V {
  const known = new Map<string, V>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined || known.has(text)) return found as V
    const made = work(text)
    const [oldest] = known.keys()
    if (known.size >= limit && oldest !== undefined) known.delete(oldest)
    known.set(text, made)
    return made
  }
}
