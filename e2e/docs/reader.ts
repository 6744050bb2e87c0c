/**
 * Does what a page says, as somebody who reads it: the blocks that are marked `run`, in their order, in one shell, in a
 * fresh copy of the checkout. Of a `console` block what begins with `$ ` is typed, and the rest has to appear.
 */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { readMarkdown, type Block } from '../../hack/markdown.ts'

const ROOT = join(import.meta.dirname, '../..')
/** A clone does not have these. */
const MADE = new Set(['node_modules', 'dist', '.git'])

export interface Step {
  /** `README.md:57` */
  readonly at: string
  readonly command: string
  /** Lines that the command has to print; undefined: whatever it likes. */
  readonly shown?: readonly string[]
}

/** What somebody types. Pure. */
export const stepsOf = (file: string, source: string): readonly Step[] =>
  readMarkdown(source).blocks.filter(({ marks }) => marks.includes('run')).flatMap((block): readonly Step[] => (block.language === 'console' ? typed(file, block) : [{ at: `${file}:${block.line}`, command: block.text }]))

function typed(file: string, { text: lines, line }: Block): readonly Step[] {
  const steps: { at: string; command: string; shown: string[] }[] = []
  for (const [index, said] of lines.trimEnd().split('\n').entries()) {
    if (said.startsWith('$ ')) steps.push({ at: `${file}:${line + 1 + index}`, command: `${said.slice(2)}\n`, shown: [] })
    else if (steps.length === 0) throw new Error(`${file}:${line}: a console block begins with "$ "`)
    else steps.at(-1)?.shown.push(said)
  }
  return steps
}

/** `...` stands for whatever is there; spaces for any number of them. Pure. */
export function looksLike(shown: string, printed: string): boolean {
  const [said, seen] = [shown, printed].map((line) => line.trim().split(/\s+/).join(' ')) as [string, string]
  const pattern = said.split('...').map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')).join('.*')
  return new RegExp(`^${pattern}$`).test(seen)
}

/** Rejects with the step that failed, and what it printed. */
export async function follow(steps: readonly Step[], env: Readonly<Record<string, string>>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'kubeskippy-reader-'))
  try {
    const checkout = join(dir, 'kubeskippy')
    mkdirSync(checkout)
    cpSync(ROOT, checkout, { recursive: true, preserveTimestamps: true, filter: (path) => !MADE.has(basename(path)) })
    // What `make` would install, which takes a minute and is tried elsewhere.
    symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'))
    // Older than they are, or `make` would install them into the ones of this checkout.
    utimesSync(join(checkout, 'package-lock.json'), 0, 0)
    const printed = (index: number): string => join(dir, `printed-${index}`)
    const at = join(dir, 'at')
    const script = join(dir, 'script')
    writeFileSync(script, ['set -eo pipefail', ...steps.map(({ command }, index) => `echo ${index} > ${at}\n{\n${command}} > ${printed(index)}`)].join('\n'))
    // What people have in their shells is not ours.
    const child = spawn('bash', [script], { cwd: checkout, env: { ...process.env, MAKELEVEL: undefined, ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
    const [said, code] = await Promise.all([text(child.stderr), new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))])
    const last = Number(readFileSync(at, 'utf8'))
    const show = (index: number): string => readFileSync(printed(index), 'utf8')
    if (code !== 0) throw new Error(`${steps[last]?.at} ended with ${code}:\n${show(last)}\n${said}`)
    for (const [index, { at: place, shown = [] }] of steps.entries()) {
      const lines = show(index).split('\n')
      const missing = shown.filter((line) => !lines.some((each) => looksLike(line, each)))
      if (missing.length > 0) throw new Error(`${place} is said to print\n${missing.join('\n')}\nand printed\n${show(index)}`)
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
