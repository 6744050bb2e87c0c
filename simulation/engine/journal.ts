/** The journal of a run as lines of text: two runs of one plan have the same, to the last character. */
import { shortHash } from '../../shared/lib/hash.ts'
import { formatInstant } from '../../shared/lib/time.ts'
import type { Run } from './simulation.ts'

export function linesOf({ journal, tellings, world: { cluster } }: Pick<Run, 'journal' | 'tellings' | 'world'>): readonly string[] {
  const calls = journal.map(({ at, call, body, outcome, answered, changed, uid }) => {
    const { verb, resource, subresource, namespace = '', name = '', user, impersonate, dryRun } = call
    const path = `${resource.group}/${resource.plural}${subresource === undefined ? '' : `/${subresource}`} ${namespace}/${name}`
    return `${formatInstant(at)} ${user}${impersonate === undefined ? '' : ` as ${impersonate}`} ${verb}${dryRun ? ' (dry run)' : ''} ${path} ${uid ?? ''} ${outcome}/${answered} ${changed} ${JSON.stringify(body)}`
  })
  return [...calls, ...tellings.map(({ at, who, what }) => `${at} ${who} ${what}`), cluster.resourceVersion]
}

export const fingerprint = (run: Pick<Run, 'journal' | 'tellings' | 'world'>): string => shortHash([...linesOf(run)])
