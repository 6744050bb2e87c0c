/** Kubernetes quantities (`100m`, `1.5Gi`, `2e3`, `123n`) as numbers: for comparing and dividing, never for writing back. */

const SUFFIXES: Readonly<Record<string, number>> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

const QUANTITY = /^([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:([eE][+-]?[0-9]{1,3})|([numkMGTPE]|[KMGTPE]i))?$/

/** undefined when the text is no quantity; the API server writes some of them (`0`) as numbers. */
export function parseQuantity(raw: unknown): number | undefined {
  if (typeof raw === 'number') return Number.isFinite(raw) ? raw : undefined
  const match = typeof raw === 'string' && raw.length <= 64 ? QUANTITY.exec(raw) : null
  if (match === null) return undefined
  const [, digits = '', exponent = '', suffix = ''] = match
  const value = Number(`${digits}${exponent}`) * (SUFFIXES[suffix] ?? Number.NaN)
  return Number.isFinite(value) ? value : undefined
}
