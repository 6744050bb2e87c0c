/** Variables that say how many, how large or how long, by what everybody means by their names, and the values that do no harm in them. Pure. */

const AMOUNTS =
  /^(GOMAXPROCS|GOGC|MALLOC_(ARENA_MAX|TRIM_THRESHOLD_|MMAP_THRESHOLD_)|(OMP|MKL|OPENBLAS|RAYON)_NUM_THREADS|UV_THREADPOOL_SIZE|WEB_CONCURRENCY|([A-Z0-9_]+_)?((TIMEOUT|INTERVAL|BACKOFF)(_(MS|MILLIS|SECONDS))?|(POOL|CACHE|BATCH|QUEUE|HEAP|BUFFER)_SIZE|MAX_(CONNECTIONS|CONNS|OPEN_CONNS|IDLE_CONNS|REQUESTS|IN_?FLIGHT|THREADS|RETRIES|HEAP)|CONCURRENCY|WORKERS|THREADS|RETRIES))$/i
/** The same as Spring Boot reads its properties from variables: without dashes. */
const SPRING = /^(SPRING|SERVER|MANAGEMENT)_([A-Z0-9]+_)*(MAXIMUM_?POOLSIZE|MINIMUM_?IDLE|(MAX|CORE)_?SIZE|QUEUE_?CAPACITY|MAX_?CONNECTIONS|ACCEPT_?COUNT|THREADS_(MAX|MIN_?SPARE)|(CONNECTION|CONNECT|READ|IDLE|VALIDATION)_?TIMEOUT|TIMEOUT_?PER_?SHUTDOWN_?PHASE)$/

/** Of a guard, or of what is kept for so long, no amount only tunes: tries of a login, the time of a session, requests that a limit lets through. */
const GUARDED =
  /AUTH(?!ORS?(_|$))|LOGIN|(^|_)(SSO|OTP|ACLS?|WAF|KYC|RATE|BAN)(_|$)|SAML|OIDC|MFA|2FA|TOTP|CAPTCHA|PASSW|SECRET|TOKEN|CREDENTIAL|SIGNATURE|SIGNING|SECUR|PROTECT|PERMI|RBAC|CSRF|XSRF|AUDIT|FRAUD|FIREWALL|GUARD|SESSION|COOKIE|LIMIT|QUOTA|THROTTL|LOCKOUT|ABUSE|BREAKER|(^|_)LEASE|ELECTION|RETENTION|BACKUP|DELET|PURGE|WIPE|CLEANUP|ROTAT|FSYNC|EXPIR|EVICT|(^|_)TTL(_|$)/i

const isCalledSo = (name: string): boolean => AMOUNTS.test(name) || SPRING.test(name)

/** Whether a variable of this name holds an amount, and tunes only. */
export const isAmount = (name: string): boolean => isCalledSo(name) && !GUARDED.test(name)

/** `16`, `512MiB`, `75%`. */
const SIZE = /^(\d{1,15}(?:\.\d{1,9})?)([A-Za-z%]{0,12})$/
/** `30`, `1.5s`, `2 min` without the blank; `1m30s` as Go writes it, `PT1M30S` as Java does. */
const TIME = /^(?:PT(?:\d{1,9}(?:\.\d{1,9})?[HMS]){1,3}|(?:\d{1,15}(?:\.\d{1,9})?[a-z]{0,12}){1,6})$/i
const PART = /(\d+(?:\.\d+)?)([a-z]*)/gi
/** Milliseconds. */
const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, ms: 1, millis: 1, milliseconds: 1, s: 1e3, sec: 1e3, secs: 1e3, second: 1e3, seconds: 1e3, m: 6e4, min: 6e4, mins: 6e4, minute: 6e4, minutes: 6e4, h: 3.6e6, hr: 3.6e6, hour: 3.6e6, hours: 3.6e6 }
const POWERS = 'kmgtp'

/** No workers, no connections, no time: the program stands still, or has no limit at all. */
const NOTHING = 'with none of it a program stands still, or knows no limit'

interface Bound {
  readonly names: RegExp
  readonly most: number
  readonly why: string
}
/** The first that a name is called by counts. */
const BOUNDS: readonly Bound[] = [
  { names: /RETRIES$/i, most: 100, why: 'so many tries are an attack on whoever is asked' },
  { names: /(MAXPROCS|CONCURRENCY|WORKERS|THREADS|THREADS_MAX|THREADS_MIN_?SPARE|POOL_?SIZE|THREADPOOL_SIZE|(MAX|CORE)_?SIZE|IDLE|ARENA_MAX)$/i, most: 10_000, why: 'no pod has room for so many of them' },
  { names: /^GOGC$/i, most: 10_000, why: 'memory that is no longer used would not come back before there is none left' },
  { names: /(CONNECTIONS|CONNS|REQUESTS|IN_?FLIGHT|ACCEPT_?COUNT|CAPACITY|QUEUE_SIZE)$/i, most: 1_000_000, why: 'it is no bound any more' },
]
/** Bytes, or entries: what the largest machines of the clouds have as memory, rounded up. */
const LARGEST = 32 * 2 ** 40
/** A day, in milliseconds. Who waits for longer does not wait, and what is done so seldom is not done. */
const LONGEST = 24 * 3.6e6

const IS_TIME = /(TIMEOUT|INTERVAL|BACKOFF)(_(MS|MILLIS|SECONDS))?$|TIMEOUT_?PER_?SHUTDOWN_?PHASE$/i

/** undefined: nothing is known against it, or the variable is called otherwise. */
export function harmOfAmount(name: string, value: string): string | undefined {
  if (!isCalledSo(name)) return undefined
  return IS_TIME.test(name) ? harmOfTime(name, value) : harmOfSize(name, value)
}

function harmOfTime(name: string, value: string): string | undefined {
  const parts = TIME.test(value) ? [...value.replace(/^PT/, '').matchAll(PART)] : []
  // Without a unit it may be of milliseconds: then a day is as many of them.
  const usual = /_SECONDS$/i.test(name) ? 's' : 'ms'
  const times = parts.map(([, amount, unit]) => Number(amount) * (UNITS[unit === '' || unit === undefined ? usual : unit.toLowerCase()] ?? Number.NaN))
  const total = times.reduce((sum, time) => sum + time, 0)
  if (parts.length === 0 || Number.isNaN(total) || (parts.length > 1 && parts.some(([, , unit]) => unit === ''))) return 'such a variable is a time: a number, with its unit'
  if (total === 0) return NOTHING
  if (total < 1) return 'nothing is done within less than a millisecond'
  return total > LONGEST ? 'more than a day is as good as never' : undefined
}

function harmOfSize(name: string, value: string): string | undefined {
  const [, digits = '', unit = ''] = SIZE.exec(value) ?? []
  if (digits === '') return 'such a variable is a number, with its unit'
  const amount = Number(digits) * 2 ** (10 * (POWERS.indexOf(unit.charAt(0).toLowerCase() || ' ') + 1))
  if (amount === 0) return NOTHING
  const bound = BOUNDS.find(({ names }) => names.test(name))
  // With a unit it is a size in bytes, whatever it is called.
  const { most, why } = bound === undefined || unit !== '' ? { most: LARGEST, why: 'no machine has as much' } : bound
  return amount > most ? `${why}: ${most.toLocaleString('en')} is the most that is let through` : undefined
}
