import { KINDS } from '../../e2e/security/attempts.ts'
import { markdownFile, type GeneratedFile } from './generator.ts'

/** `docs/reference/tenant.md`, from the table that a real API server is tried with. */
export const attemptReference: GeneratedFile = markdownFile('docs/reference/tenant.md', () =>
  [
    '# What a tenant has tried',
    `${KINDS.reduce((sum, { attempts }) => sum + attempts.length, 0)} ways in which somebody with the role \`edit\` in his own namespace might make the operator act outside of it, or do more than he may. Each is tried by a test on a real API server, with a token of his own; afterwards the API server's audit log is read: nothing was asked, read by name or written outside of his namespace. Most he is refused; what is accepted ("nothing comes of it") he may do himself, or it does nothing.`,
    ...KINDS.map(({ title, attempts }) => `## ${title}\n\n| tried | what becomes of it | stopped by |\n|---|---|---|\n${attempts.map(({ what, refused, by }) => `| ${cell(what)} | ${refused === undefined ? 'accepted; nothing comes of it outside' : 'refused'} | ${cell(by)} |`).join('\n')}`),
  ].join('\n\n'),
)

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
