import { KINDS } from '../../e2e/security/attempts.ts'
import { combinations, LEAVES, REFERENCES } from '../../e2e/security/references.ts'
import { TITLES } from '../../e2e/security/targets.ts'
import { markdownFile, type GeneratedFile } from './generator.ts'

const tried = combinations()
const fields = Object.keys(REFERENCES).length

/** `docs/reference/tenant.md`, from the table that a real API server is tried with. */
export const attemptReference: GeneratedFile = markdownFile('docs/reference/tenant.md', () =>
  [
    '# What a tenant has tried',
    `${KINDS.reduce((sum, { attempts }) => sum + attempts.length, 0)} ways in which somebody with the role \`edit\` in his own namespace might make the operator act outside of it, or do more than he may. Each is tried by a test on a real API server, with a token of his own; afterwards the API server's audit log is read: nothing was asked, read by name or written outside of his namespace. Most he is refused; what is accepted ("nothing comes of it") he may do himself, or it does nothing.`,
    ...KINDS.map(({ title, attempts }) => `## ${title}\n\n| tried | what becomes of it | stopped by |\n|---|---|---|\n${attempts.map(({ what, refused, by }) => `| ${cell(what)} | ${refused === undefined ? 'accepted; nothing comes of it outside' : 'refused'} | ${cell(by)} |`).join('\n')}`),
    '## Every field and everything foreign',
    `By the schema of the CRD, text may stand in ${LEAVES.length} places of a policy's spec. ${fields} of them can refer to something, the others are durations, numbers, times and choices from a list; a test fails when the schema has a place that neither is said of. In each of the ${fields} the tenant names ${TITLES.slice(0, -1).join(', ')} and ${TITLES.at(-1)}, by name, with the namespace, as a path, as a URL or as \`*\`: ${tried.length} policies in mode automatic, those about namespaces, kinds and names in mode monitor as well, beside one with what is his own in each place, which must be accepted. His own pods are broken, a Prometheus and an Alertmanager tell of everybody's. What is accepted acts in his namespace only: in the audit log there is no request in the name of another healer or by his healer elsewhere, none for a Secret of his or anybody's but the certificate of the door, and none that the operator did not make before he came, but for his own namespace, the ledgers of his policies, the kill switch and questions about rights. All that is foreign is unchanged afterwards.`,
    `| field | policies |\n|---|---|\n${Object.keys(REFERENCES).map((field) => `| \`${field}\` | ${tried.filter(({ path }) => path === field).length} |`).join('\n')}`,
  ].join('\n\n'),
)

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
