/**
 * Takes secrets out of text that others wrote: logs, notes of events. Three nets, one behind the other: what a name says
 * is secret, what has the form of a known secret, and what looks random. It takes too much rather than too little.
 * No net is perfect: whoever may not see a secret must not be shown logs for the reason that they passed here.
 */

export const REDACTED = '[redacted]'

/** Words that make a name the name of a secret: `DB_PASSWORD`, `apiKey`, `x-auth-token`. */
const SECRET_WORD =
  'pass(?:word|wd|phrase|code)?|pwd|secrets?|tokens?|api[-_.]?keys?|(?:access|account|private|signing|encryption|master|shared|ssh|service)[-_.]?(?:access[-_.]?)?keys?(?:[-_.]?id)?|credentials?|creds?|auth(?:orization|entication)?|cookies?|session(?:[-_.]?id)?|sig(?:nature)?|connection[-_.]?strings?|conn[-_.]?str|dsn|otp|pin|salt|bearer|jwt|sas|webhook[-_.]?urls?'
/** Not `author`, `tokenizer`, `passing`: the word ends where the name ends, or where its next part begins. */
const SECRET_NAME = `[A-Za-z0-9_.-]{0,64}?(?:${SECRET_WORD})(?:[-_.][A-Za-z0-9_.-]{0,64})?`

interface Net {
  readonly pattern: RegExp
  readonly by: string
}

/** Whole blocks: everything from the first line of a key to its last, or to the end of the text. */
const BLOCKS: readonly Net[] = [{ pattern: /-----BEGIN [^\n]*?-----[^]*?(?:-----END [^\n]*?-----|$)/g, by: REDACTED }]

/** Of YAML: what is deeper than its name, or a list of it, and a text in several lines. */
const INDENTED: Net = {
  pattern: new RegExp(`((?:^|\\n)([ \\t]*)(?:- +)?["']?${SECRET_NAME}["']?[ \\t]*:)[ \\t]*(?:[|>][-+0-9]*)?[ \\t]*(?:#[^\\n]*)?(?:\\n(?:[ \\t]*(?=\\n)|\\2(?:[ \\t]+|- )[^\\n]*))+`, 'gi'),
  by: `$1 ${REDACTED}`,
}

const NAMED: readonly Net[] = [
  // Members of a query that carry a signature: `?sig=...&X-Amz-Signature=...`. The others say where it went.
  { pattern: /([?&](?:[A-Za-z-]*(?:sig|signature|token|key|secret|credential|code|password|auth)[A-Za-z-]*)=)[^&\s"']+/gi, by: `$1${REDACTED}` },
  // `Authorization: Bearer x`, `Cookie: a=b; c=d`: to the end of the line.
  { pattern: /\b((?:proxy-)?authorization|(?:set-)?cookie|x-[a-z0-9-]*(?:token|key|secret|auth)[a-z0-9-]*)(\\?["']?\s*[:=]\s*)[^\n]+/gi, by: `$1$2${REDACTED}` },
  // Quoted: `"password": "a \"b\" c"`, also inside a quoted JSON text, where each quote has a backslash.
  { pattern: new RegExp(`((?:^|[^A-Za-z0-9])${SECRET_NAME}\\\\*["']?\\s*(?:[:=]|=>|:=)\\s*)(\\\\*)(["'])(?:(?!\\2\\3)(?:\\\\[^]|[^\\\\]))*?(?:\\2\\3|$)`, 'gi'), by: `$1${REDACTED}` },
  // `--password hunter2`, `-p` is too short to tell.
  { pattern: new RegExp(`(--${SECRET_NAME})[ =]+[^\\s]+`, 'gi'), by: `$1 ${REDACTED}` },
  // `"--password", "hunter2"`: a list of arguments.
  { pattern: new RegExp(`(["']--?${SECRET_NAME}\\\\*["']\\s*,\\s*)(\\\\*)(["'])(?:(?!\\2\\3)(?:\\\\[^]|[^\\\\]))*?(?:\\2\\3|$)`, 'gi'), by: `$1${REDACTED}` },
  // `password=hunter2 next=1`: to the next blank or separator that no secret of this form has.
  { pattern: new RegExp(`((?:^|[^A-Za-z0-9])${SECRET_NAME}\\\\*["']?\\s*(?:=>|:=|=))(?!\\s*\\[redacted\\])\\s*[^\\s]+`, 'gi'), by: `$1${REDACTED}` },
  // `password: my phrase`: to the end of the line.
  { pattern: new RegExp(`((?:^|[^A-Za-z0-9])${SECRET_NAME}\\\\*["']?\\s*:)(?![ \\t]*\\[redacted\\])[ \\t]*[^\\n]+`, 'gi'), by: `$1 ${REDACTED}` },
  // `Bearer x`, `Basic x` wherever they stand.
  { pattern: /\b(bearer|basic|digest|negotiate|apikey)\s+[^\s,"']{6,}/gi, by: `$1 ${REDACTED}` },
]

const FORMS: readonly Net[] = [
  // User and password of a URL or connection string: to the last @ of the word, since a password may hold one.
  { pattern: /([A-Za-z][A-Za-z0-9+.-]*:\/\/)[^\s"'<>]*@/g, by: `$1${REDACTED}@` },
  // user:password@host without a scheme, as in a Go MySQL DSN: `root:pw@tcp(db:3306)/shop`.
  { pattern: /\b[A-Za-z0-9_.-]+:[^\s:@"'<>/]{3,}@(?=[A-Za-z0-9[(])/g, by: `${REDACTED}@` },
  // JWT, also one that was cut.
  { pattern: /\beyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)*/g, by: REDACTED },
  // Tokens that say what they are, also when they were cut.
  { pattern: /\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|sk_live_|sk_test_|rk_live_|rk_test_|whsec_|pk_live_|npm_|pypi-|hf_|dop_v1_|shpat_|SG\.|sk-|AIza|ya29\.|AKIA|ASIA|hvs\.|hvb\.|s\.(?=[A-Za-z0-9]{20}))[A-Za-z0-9_.-]{4,}/g, by: REDACTED },
]

const RANDOM = /[A-Za-z0-9+/_=-]{20,}/g
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const BASE64_LINE = /^\s*[A-Za-z0-9+/_-]{40,}={0,2}\s*$/
/** Its last, shorter line: not a lone word. */
const BASE64_REST = /^\s*(?=[^\n]*[A-Z0-9+/=])[A-Za-z0-9+/_-]+={0,2}\s*$/

export function redact(text: string): string {
  const result = [...NAMED, ...FORMS].reduce(cast, withoutBlocks(text))
  return result.replaceAll(RANDOM, (run) => (looksRandom(run) ? REDACTED : run))
}

/** As reasons of events and conditions are made: words without blanks, which by themselves look like chance. */
const WORDS = /^(?:[A-Z]{0,6}[a-z]{2,}|[A-Z][a-z](?=[A-Z])|[A-Z]{2,6}$|[0-9]{1,3}(?=[A-Z]|$)|[_:.-])+$/

/** A reason is one word to machines, and may be any to who writes it. */
export const redactReason = (reason: string): string => (WORDS.test(reason) ? reason : redact(reason))

/** Secrets of several lines: what is left may be looked at line by line. */
export const withoutBlocks = (text: string): string => cast(withoutKeyLines(BLOCKS.reduce(cast, text)), INDENTED)

const cast = (text: string, { pattern, by }: Net): string => text.replaceAll(pattern, by)

/** Lines of a key whose begin was cut off: long lines of base64 with the shorter one after them, and its END. */
function withoutKeyLines(text: string): string {
  const lines = text.split('\n')
  const body = new Set<number>()
  const ends = new Set<number>()
  lines.forEach((line, index) => {
    if (BASE64_LINE.test(line) || (body.has(index - 1) && BASE64_REST.test(line))) body.add(index)
    if (!line.includes('-----END ')) return
    ends.add(index)
    if (BASE64_REST.test(lines[index - 1] ?? '')) body.add(index - 1)
  })
  return lines.map((line, index) => (body.has(index) || ends.has(index) ? REDACTED : line)).join('\n')
}

/** Letters and digits in no order that a person would choose. Words, names of pods and UUIDs are none. */
function looksRandom(run: string): boolean {
  if (UUID.test(run)) return false
  if (/[a-z]/.test(run) && /[A-Z]/.test(run)) return changes(run) >= 0.3 * run.length
  // Hex and base32: hashes as well, since nobody can tell them from keys.
  const bare = run.replaceAll(/[-_/+=]/g, '')
  return bare.length >= 24 && bare.length >= 0.9 * run.length && /[0-9]/.test(bare) && /[A-Za-z]/.test(bare) && changes(bare) >= 0.2 * bare.length
}

/** How often the kind of character changes: in random text at every second one, in words seldom. */
function changes(run: string): number {
  const kinds = Array.from(run, (c) => (/[a-z]/.test(c) ? 'a' : /[A-Z]/.test(c) ? 'A' : /[0-9]/.test(c) ? '0' : '-'))
  return kinds.slice(1).filter((kind, i) => kind !== kinds[i]).length
}

/**
 * The end of a log, without secrets, of at most `limit` characters and whole lines. Cut after it was redacted: half a secret has no
 * form any more.
 * @param whole false: the last line may have been cut by whoever sent it, and is left out
 */
export function redactedTail(log: string, limit: number, whole = true): string {
  const complete = whole ? log : log.slice(0, log.lastIndexOf('\n') + 1)
  const clean = redact(readable(complete)).trimEnd()
  if (clean.length <= limit) return clean
  const tail = clean.slice(-limit)
  const start = tail.indexOf('\n')
  // One line longer than the limit: its end may be half a word, and no more than that.
  return start === -1 ? tail : tail.slice(start + 1)
}

/** Without what drives terminals or turns the direction of text; lines and tabs stay. Colours go as a whole. */
// oxlint-disable-next-line no-control-regex -- these characters are the subject
const CONTROL = /\u001b\[[0-9;?]*[A-Za-z]|(?![\n\t])[\p{Cc}\p{Cf}\u2028\u2029]/gu
const readable = (text: string): string => text.replaceAll('\r\n', '\n').replaceAll(CONTROL, '')
