import { PLACES, SINKS } from '../../e2e/security/places.ts'
import { markdownFile, type GeneratedFile } from './generator.ts'

const WORDS = ['', 'filtered', 'yes'] as const
const cell = (shown: boolean, kept: boolean): string => (kept ? WORDS[2] : shown ? WORDS[1] : WORDS[0])

/** `docs/reference/secrets.md`, from the table that a whole controller is tried with. */
export const placeReference: GeneratedFile = markdownFile('docs/reference/secrets.md', () =>
  [
    '# Where what somebody writes turns up again',
    `${PLACES.length} places that the owner of a workload or the author of a policy can write, and what the programs say. A test plants texts in all of them, lets a whole controller act, verify, escalate and patch, reads everything that it says, and looks for them: once words that look like nothing, and once what looks like a secret, in four forms (by itself, \`DB_PASSWORD=...\`, in a URL, in an authorization header).`,
    'Empty: nothing of it turns up, whatever it looks like, since it is not read or not told. `never`: words do, and what looks like a secret is taken out by the [filter](../guide/safety.md#evidence). `yes`: it stands there as it is, since a HealingAction is about what is changed and to what; who may read it may read the policy and the object. No filter is perfect, so a secret that looks like a word is one.',
    `| place | ${SINKS.join(' | ')} |\n|---|${'---|'.repeat(SINKS.length)}\n${PLACES.map(({ what, shown, kept = [] }) => `| ${what} | ${SINKS.map((sink) => cell(shown.includes(sink), kept.includes(sink))).join(' | ')} |`).join('\n')}`,
    'Names (of objects, containers, images where an approval is asked for, users) are told everywhere: a secret is no name. On real pods, with alerts and a collector of traces beside, another test looks for 200 secrets in the same places (`e2e/operated`).',
  ].join('\n\n'),
)
