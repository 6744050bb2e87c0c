/**
 * Answers a shell: one line for each candidate, a tab before its description, and a last line that says whether names of files
 * are candidates too. It is the protocol of cobra's programs, so that kubectl can ask a plug-in.
 */
import { Option, type Command } from 'commander'
import type { KubeObject, Resource } from '../../shared/kube/api.ts'
import { HEALING_ACTIONS, HEALING_POLICIES, NAMESPACES } from '../../shared/kube/resources.ts'
import { seconds } from '../../shared/lib/time.ts'
import type { OptionSpec } from '../../shared/runtime/options.ts'
import { accessOf, chosenNamespace, DONE } from '../command.ts'
import type { CliEnvironment, ProgramName } from '../environment.ts'
import { completion, type Completion, type Named } from './candidates.ts'

/** Directives of cobra. */
const WITH_FILES = ':0'
const NO_FILES = ':4'

/** Whoever presses a key waits no longer for a cluster. */
const PATIENCE = seconds(2)
const MOST_NAMES = 500

export async function complete(env: CliEnvironment, program: Command, words: readonly string[]): Promise<number> {
  await addFlags(program, words[0])
  const found = completion(program, words)
  const value = (words.at(-1) ?? '').replace(/^--[^=]+=/, '')
  const names = found.named.length === 0 ? [] : await unlessFailing(() => namesOf(env, found))
  const lines = [...found.candidates.map(({ value: word, description }) => (description === '' ? word : `${word}\t${firstSentence(description)}`)), ...names.filter((name) => name.startsWith(value))]
  env.stdout([...lines, found.files ? WITH_FILES : NO_FILES, ''].join('\n'))
  return DONE
}

const firstSentence = (text: string): string => text.replace(/(?<=[a-z)])[.:;] .*$/s, '').replace(/\.$/, '')

/** The programs read their flags themselves; what these are is loaded when it is asked for. */
const FLAGS: Readonly<Record<ProgramName, () => Promise<readonly OptionSpec[]>>> = {
  controller: async () => (await import('../../controller/options.ts')).CONTROLLER_OPTIONS,
  webhook: async () => (await import('../../webhook/options.ts')).WEBHOOK_OPTIONS,
}

async function addFlags(program: Command, name: string | undefined): Promise<void> {
  const command = program.commands.find((each) => each.name() === name && Object.hasOwn(FLAGS, each.name()))
  for (const spec of command === undefined ? [] : await FLAGS[command.name() as ProgramName]()) {
    const option = new Option(`--${spec.flag}${spec.type === 'boolean' ? '' : ` <${spec.placeholder ?? spec.type}>`}`, spec.doc)
    command?.addOption(spec.type === 'choice' ? option.choices(spec.choices) : option)
  }
}

const RESOURCES: Readonly<Record<Exclude<Named, 'rule'>, Resource>> = { namespace: NAMESPACES, policy: HEALING_POLICIES, action: HEALING_ACTIONS }

async function namesOf(env: CliEnvironment, { named, where }: Completion): Promise<readonly string[]> {
  const kinds = named.filter((each) => each !== 'rule')
  if (kinds.length === 0) return (await import('../lint/layers.ts')).RULE_TEXTS.map(({ id }) => id)
  const api = await env.connect(accessOf(env, where))
  try {
    const lists = await Promise.all(kinds.map(async (kind) => {
      const scope = kind === 'namespace' ? {} : { namespace: await chosenNamespace(env, where) }
      return (await api.list<KubeObject>(RESOURCES[kind], { ...scope, limit: MOST_NAMES, timeout: PATIENCE })).items.map(({ metadata }) => metadata.name)
    }))
    return lists.flat().sort()
  } finally {
    await api.close()
  }
}

/** Nothing when it fails: a line that is being written is no place for an error. */
async function unlessFailing(work: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await work()
  } catch {
    return []
  }
}
