/**
 * What a command that writes has done. People read lines as it happens; programs, with `-o json` or `yaml`, one document at the
 * end, also when it broke off halfway. Where nothing was done and it failed there is none: why not is on standard error.
 */
import type { KubeObject, Resource } from '../shared/kube/api.ts'
import { apiVersionOf } from '../shared/kube/resources.ts'
import type { KubeConnection } from '../shared/kube/transport.ts'
import { DONE, withCluster, type ClusterFlags } from './command.ts'
import type { CliEnvironment } from './environment.ts'
import { asData, type Output } from './output.ts'

/** What became of an object, in the word that programs compare. */
export type Change = 'created' | 'updated' | 'recreated' | 'removed' | 'deleting' | 'unchanged' | 'absent'

/** As in the changes of a HealingAction; the values of any type. */
export interface FieldChange {
  readonly field: string
  readonly oldValue?: unknown
  readonly newValue?: unknown
}

export interface Deed {
  readonly change: Change
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string | undefined
  readonly name: string
  /** Absent: there was no such object, or a dry run would make it. */
  readonly uid?: string | undefined
  readonly fields?: readonly FieldChange[]
}

interface Named {
  readonly namespace?: string | undefined
  readonly name: string
  readonly uid?: string | undefined
}

export const deedOn = (resource: Resource, { namespace, name, uid }: Named, change: Change, fields: readonly FieldChange[] = []): Deed => ({
  change,
  apiVersion: apiVersionOf(resource),
  kind: resource.kind,
  namespace,
  name,
  uid,
  ...(fields.length === 0 ? {} : { fields }),
})

/** What the server made. In a dry run its uid is of an object that never was. */
export const deedMade = (resource: Resource, { metadata: { namespace, name, uid } }: KubeObject, dryRun: boolean, fields?: readonly FieldChange[]): Deed =>
  deedOn(resource, { namespace, name, uid: dryRun ? undefined : uid }, 'created', fields)

export interface Deeds {
  readonly dryRun: boolean
  /** Of one object, after it has happened. Without a line people have read it already. */
  readonly did: (deed: Deed, line?: string) => void
  /** Beside the objects. */
  readonly say: (line: string) => void
  /** For people alone: programs find it in what else is told. */
  readonly show: (line: string) => void
  /** Of the whole: a field of the document. */
  readonly tell: (name: string, value: unknown, line?: string) => void
}

export interface WriteFlags extends ClusterFlags {
  readonly output: Output
  readonly dryRun?: true
}

/** Connects, works, tells what was done. */
export const withDeeds = (env: CliEnvironment, flags: WriteFlags, work: (api: KubeConnection, deeds: Deeds) => Promise<number>): Promise<number> =>
  withCluster(env, flags, async (api) => {
    const { output } = flags
    const dryRun = flags.dryRun === true
    const facts: Record<string, unknown> = {}
    const [objects, notes]: [Deed[], string[]] = [[], []]
    const show = (line: string): void => void (output === 'table' && env.stdout(`${line}\n`))
    const deeds: Deeds = {
      dryRun,
      did: (deed, line) => {
        objects.push(deed)
        if (line !== undefined) show(`${line}${dryRun ? ' (dry run)' : ''}`)
      },
      say: (line) => {
        notes.push(line)
        show(line)
      },
      show,
      tell: (name, value, line) => {
        facts[name] = value
        if (line !== undefined) show(line)
      },
    }
    let code: number | undefined
    try {
      return (code = await work(api, deeds))
    } finally {
      if (output !== 'table' && (code === DONE || objects.length > 0)) env.stdout(asData(output, { dryRun, ...facts, objects, ...(notes.length === 0 ? {} : { notes }) }))
    }
  })
