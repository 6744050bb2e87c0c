/** `.kubeskippy-lint.yaml`: severities, facts of the installation, what is left out. */
import { dirname, join, matchesGlob, normalize, relative, resolve } from 'node:path'
import { ConfigError, messageOf } from '../../shared/lib/errors.ts'
import { isObject } from '../../shared/lib/json.ts'
import { nearest, printable, quoted } from '../../shared/lib/text.ts'
import { INSTALLATION_OPTIONS, toInstallation } from '../../shared/rules/installation-options.ts'
import { DEFAULT_INSTALLATION, type Installation } from '../../shared/rules/rule.ts'
import { readFlags, resolveOptions } from '../../shared/runtime/options.ts'
import type { CliEnvironment } from '../environment.ts'
import { readManifests } from '../manifests/documents.ts'
import { LEVELS, type Level, type Remark } from './finding.ts'
import { RULE_TEXTS, ruleText } from './layers.ts'

export const CONFIG_NAME = '.kubeskippy-lint.yaml'

export type Setting = Level | 'off'
const SETTINGS: readonly string[] = [...LEVELS, 'off']

export interface LintConfig {
  readonly installation: Installation
  /** What it makes of a finding; undefined: nothing is told. */
  readonly weigh: (remark: Remark) => Remark | undefined
  /** Whether a path, from the working folder, is left out. */
  readonly excluded: (path: string) => boolean
}

const KEYS = ['exclude', 'installation', 'severities'] as const
export const NO_CONFIG: LintConfig = { installation: DEFAULT_INSTALLATION, weigh: (remark) => remark, excluded: () => false }

/** The file that is named, else the first one from the working folder upwards. @throws ConfigError */
export async function readLintConfig(env: Pick<CliEnvironment, 'readFile' | 'folders'>, named: string | undefined): Promise<LintConfig> {
  const path = named ?? (await findUpwards(env))
  if (path === undefined) return NO_CONFIG
  let text: string
  try {
    text = await env.readFile(path)
  } catch (error) {
    throw new ConfigError([`${printable(path, 300)} cannot be read: ${messageOf(error)}`], { cause: error })
  }
  return parseLintConfig(text, { file: relative(env.folders.here, resolve(env.folders.here, path)), folder: relative(env.folders.here, dirname(resolve(env.folders.here, path))) })
}

async function findUpwards({ folders }: Pick<CliEnvironment, 'folders'>): Promise<string | undefined> {
  for (let folder = folders.here; ; folder = dirname(folder)) {
    const path = join(folder, CONFIG_NAME)
    if ((await folders.kindOf(path)) === 'file') return path
    if (dirname(folder) === folder) return undefined
  }
}

/**
 * @param folder of the file, from the working folder: its patterns begin there
 * @throws ConfigError with every problem
 */
export function parseLintConfig(text: string, { file, folder }: { readonly file: string; readonly folder: string }): LintConfig {
  const { manifests, problems: unreadable, place } = readManifests(text)
  const shown = printable(file, 300)
  const problems = unreadable.map(({ offset, what }) => `${shown}:${place(offset).line}:${place(offset).column}: ${what}`)
  if (manifests.length > 1) problems.push(`${shown}: it holds ${manifests.length} documents, and may hold one`)
  const [root] = manifests
  if (problems.length > 0) throw new ConfigError(problems)
  if (root === undefined) return NO_CONFIG
  const tell = (key: string, what: string): void => {
    const at = root.tree.members?.get(key)?.key
    const where = at === undefined ? { line: 1, column: 1 } : place(at.start)
    problems.push(`${shown}:${where.line}:${where.column}: ${what}`)
  }
  if (!isObject(root.value)) throw new ConfigError([`${shown}: it must be a map`])
  for (const { name } of root.replaced) tell(name, `${quoted(name)} is written twice, or merged after it was written`)
  for (const key of Object.keys(root.value)) if (!KEYS.some((known) => known === key)) tell(key, `unknown key ${quoted(key)}${didYouMean(key, KEYS)}`)
  const severities = severitiesOf(root.value['severities'], (what) => tell('severities', what))
  // As people write folders: `./charts`, `charts/`.
  const patterns = patternsOf(root.value['exclude'], (what) => tell('exclude', what)).map((pattern) => normalize(pattern).replace(/\/$/, ''))
  const installation = installationOf(root.value['installation'], (what) => tell('installation', what))
  if (problems.length > 0) throw new ConfigError(problems)
  return {
    installation,
    weigh: (remark) => weighed(remark, severities.get(remark.rule)),
    excluded: (path) => patterns.some((pattern) => matchesGlob(relative(folder, path), pattern)),
  }
}

/** What the door refuses stays an error whatever the file says: only of warnings there is a choice. */
function weighed(remark: Remark, setting: Setting | undefined): Remark | undefined {
  if (setting === undefined || (remark.level === 'error' && ruleText(remark.rule)?.optional !== true)) return remark
  return setting === 'off' ? undefined : { ...remark, level: setting }
}

const didYouMean = (name: string, names: readonly string[]): string => {
  const [near] = nearest(name, names)
  return near === undefined ? '' : `, did you mean ${near}?`
}

function severitiesOf(value: unknown, tell: (what: string) => void): ReadonlyMap<string, Setting> {
  const found = new Map<string, Setting>()
  if (value === undefined || value === null) return found
  if (!isObject(value)) {
    tell('severities must be a map of rule ids')
    return found
  }
  for (const [id, setting] of Object.entries(value)) {
    const rule = ruleText(id)
    const word = setting === false ? 'off' : setting
    if (rule === undefined) tell(`there is no rule ${quoted(id)}${didYouMean(id, RULE_TEXTS.map((each) => each.id))}`)
    else if (typeof word !== 'string' || !SETTINGS.includes(word)) tell(`${id} must be one of ${SETTINGS.join(', ')}`)
    else if (word !== 'error' && rule.severity !== 'W' && rule.alsoWarns !== true && rule.optional !== true) tell(`${id} cannot be ${word}: the door refuses what it finds`)
    else found.set(id, word as Setting)
  }
  return found
}

function patternsOf(value: unknown, tell: (what: string) => void): readonly string[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value
  tell('exclude must be a list of patterns such as charts/**')
  return []
}

function installationOf(value: unknown, tell: (what: string) => void): Installation {
  try {
    return toInstallation(resolveOptions(INSTALLATION_OPTIONS, readFlags([], []), value ?? {}))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) tell(`installation: ${problem}`)
    return DEFAULT_INSTALLATION
  }
}
