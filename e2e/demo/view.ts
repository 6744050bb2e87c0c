/** How it looks. Control codes only for a terminal; a pipe and a CI log get plain lines. */
import { POLICIES } from './scenario.ts'
import type { Milestone } from './timeline.ts'
import type { Verdict } from './verdict.ts'

export interface View {
  /** A part of the demonstration begins. */
  readonly title: (text: string) => void
  readonly line: (text: string) => void
  /** What the demonstration does and how far it is: less important than what comes of it. */
  readonly progress: (text: string) => void
  readonly command: (text: string) => void
  readonly moment: (seconds: number, app: string, step: Milestone['step'] | 'fault', text: string) => void
}

const CODES = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36' } as const
export type Paint = (style: keyof typeof CODES, text: string) => string

export const plain: Paint = (_style, text) => text
export const coloured: Paint = (style, text) => `\u001b[${CODES[style]}m${text}\u001b[0m`

const STYLES: Readonly<Record<Milestone['step'] | 'fault', keyof typeof CODES>> = {
  fault: 'yellow', broke: 'yellow', seen: 'cyan', decision: 'bold', refusal: 'bold', 'dry run': 'bold', act: 'bold',
  recovered: 'green', verified: 'green', breaker: 'red', escalated: 'red',
}

export function createView(print: (line: string) => void, paint: Paint): View {
  return {
    title: (text) => { print(`\n${paint('bold', text)}`) },
    line: print,
    progress: (text) => { print(paint('dim', `  ${text}`)) },
    command: (text) => { print(paint('cyan', `  $ ${text}`)) },
    moment: (seconds, app, step, text) => { print(momentLine(seconds, app, step, text, paint)) },
  }
}

export function momentLine(seconds: number, app: string, step: Milestone['step'] | 'fault', text: string, paint: Paint): string {
  return `${`+${seconds.toFixed(1)} s`.padStart(9)}  ${app.padEnd(10)}  ${paint(STYLES[step], step.padEnd(9))}  ${text}`
}

/** Title of the column of seconds from the fault to the last verdict. */
const AFTER = 'verdict after'

/** One row for each app, and under the table what was not as expected. */
export function verdictTable(verdicts: readonly Verdict[], paint: Paint): readonly string[] {
  const width = (of: (verdict: Verdict) => string, title: string) => Math.max(title.length, ...verdicts.map((verdict) => of(verdict).length))
  const [app, expected] = [width((v) => v.app, 'app'), width((v) => v.expected, 'expected')]
  const row = (mark: string, ...cells: readonly [string, string, string, string]) => `  ${mark}  ${cells[0].padEnd(app)}  ${cells[1].padEnd(expected)}  ${cells[2].padStart(AFTER.length)}  ${cells[3]}`
  return [
    paint('bold', row(' ', 'app', 'expected', AFTER, 'seen')),
    ...verdicts.map(({ ok, after, ...v }) => row(ok ? paint('green', '✓') : paint('red', '✗'), v.app, v.expected, after === undefined ? '' : `${after.toFixed(1)} s`, v.seen)),
    ...verdicts.flatMap(({ app: name, failures }) => failures.map(({ what, expected: wanted, seen }) => `     ${name}: ${what}: expected ${wanted}, seen ${seen}`)),
  ]
}

export interface ByHand {
  readonly kubeconfig: string
  readonly bin: string
  readonly cluster: string
}

/** What to type next in a cluster that was left up. */
export const byHand = ({ kubeconfig, bin, cluster }: ByHand): readonly string[] => [
  `export KUBECONFIG=${kubeconfig} PATH="${bin}:$PATH"`,
  'kubectl -n demo-apps get healingpolicies,healingactions,pods',
  `kubectl -n demo-apps describe healingpolicy ${POLICIES[0] ?? ''}      # what it sees, and why it did nothing`,
  "kubectl -n demo-apps patch configmap broken --type merge -p '{\"data\":{\"port\":\"8080\"}}'      # mend broken: its incident ends",
  "kubectl -n demo-apps exec deploy/leak -- sh -c 'echo 100000 > /cache/records'      # once more: refused until the cooldown of 5m is over",
  `make down NAME=${cluster}      # removes every trace`,
]
