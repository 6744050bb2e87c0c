/** How it looks. Control codes only for a terminal; a pipe and a CI log get plain lines. */
import { LEAK, type App, type AppName } from './scenario.ts'
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
  fault: 'yellow', broke: 'yellow', seen: 'cyan', gone: 'green', decision: 'bold', refusal: 'bold', 'dry run': 'bold', act: 'bold',
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

/** Titles of the columns. The seconds are from the fault to the verdict on the last action. */
const TITLES: readonly string[] = ['app', 'what', 'expected', 'seen', 'written by KubeSkippy (audit log)', 'after']

/** One row for each app, and under the table what was not as expected. */
export function verdictTable(verdicts: readonly Verdict[], paint: Paint): readonly string[] {
  const rows = verdicts.map(({ app, title, expected, seen, audit, after }) => [app, title, expected, seen, audit, after === undefined ? '' : `${after.toFixed(1)} s`])
  const widths = TITLES.map((title, column) => Math.max(title.length, ...rows.map((cells) => cells[column]?.length ?? 0)))
  const row = (mark: string, cells: readonly string[]): string => `  ${mark}  ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()}`
  return [
    paint('bold', row(' ', TITLES)),
    ...verdicts.map(({ ok }, index) => row(ok ? paint('green', '✓') : paint('red', '✗'), rows[index] ?? [])),
    ...verdicts.flatMap(({ app, failures }) => failures.map(({ what, expected, seen }) => `     ${app}: ${what}: expected ${expected}, seen ${seen}`)),
  ]
}

export interface ByHand {
  readonly kubeconfig: string
  /** Directories for the PATH. */
  readonly bin: string
  readonly cluster: string
  /** Those that are there. */
  readonly apps: readonly App[]
}

const ONCE_MORE: Readonly<Partial<Record<AppName, string>>> = {
  broken: "kubectl -n demo-apps patch configmap broken --type merge -p '{\"data\":{\"port\":\"8080\"}}'      # mend broken: its incident ends",
  leak: `kubectl -n demo-apps exec deploy/leak -- sh -c '${LEAK}'      # once more: refused until the cooldown of 5m is over`,
}

/** What to type next in a cluster that was left up. */
export const byHand = ({ kubeconfig, bin, cluster, apps }: ByHand): readonly string[] => [
  `export KUBECONFIG=${kubeconfig} PATH="${bin}:$PATH"`,
  'kubectl -n demo-apps get healingpolicies,healingactions,pods',
  'kubeskippy top -n demo-apps      # policies as they change',
  ...apps.slice(0, 1).map(({ policy }) => `kubeskippy explain ${policy} -n demo-apps      # what it sees, and why it acts or does not`),
  ...apps.flatMap(({ name }) => ONCE_MORE[name] ?? []),
  `make down NAME=${cluster}      # removes every trace`,
]
