/** Go's `time.ParseDuration` for strings without a sign, as CEL's `duration()` calls it: exact where milliseconds would round. */
const UNIT_NANOS: Readonly<Record<string, bigint>> = { ns: 1n, us: 1000n, ms: 1_000_000n, s: 1_000_000_000n, m: 60_000_000_000n, h: 3_600_000_000_000n }
const MAX = 2n ** 63n - 1n

/** Nanoseconds, or undefined where CEL has an evaluation error: no duration, or beyond 292 years. */
export function goDurationNanos(text: string): bigint | undefined {
  if (!/^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$/.test(text)) return undefined
  let total = 0n
  for (const [, whole = '0', fraction = '', unit = ''] of text.matchAll(/([0-9]+)(?:\.([0-9]+))?(ns|us|ms|s|m|h)/g)) {
    const size = UNIT_NANOS[unit] ?? 0n
    total += BigInt(whole) * size + (BigInt(fraction || '0') * size) / 10n ** BigInt(fraction.length)
  }
  return total <= MAX ? total : undefined
}
