/** Policies from a file, read as kubectl reads it. Pure. */
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { isObject } from '../../shared/lib/json.ts'
import { printable } from '../../shared/lib/text.ts'
import { readManifests } from '../manifests/documents.ts'

export interface Documents {
  /** As written; whether they have the shape of a policy is for others to say. */
  readonly policies: readonly Readonly<Record<string, unknown>>[]
  /** What else is in the file. */
  readonly skipped: readonly string[]
  /** `FILE:3:7: what`. */
  readonly problems: readonly string[]
}

export function readDocuments(file: string, text: string): Documents {
  const { manifests, problems: unreadable, place } = readManifests(text)
  const problems = unreadable.map(({ offset, what }) => `${file}:${place(offset).line}:${place(offset).column}: ${what}`)
  if (problems.length > 0) return { policies: [], skipped: [], problems }
  const objects = manifests.map(({ value }) => value)
  const policies = objects.filter((value): value is Record<string, unknown> => isObject(value) && value['kind'] === healingPolicy.kind)
  const skipped = objects.filter((value) => !policies.includes(value as Record<string, unknown>)).map(called)
  return { policies, skipped, problems: policies.length === 0 ? [`${file}: there is no ${healingPolicy.kind} in it`] : [] }
}

function called(value: unknown): string {
  if (!isObject(value)) return 'something that is no object'
  const { kind, metadata } = value
  const name = isObject(metadata) ? metadata['name'] : undefined
  return printable(`${typeof kind === 'string' ? kind : 'an object without a kind'}${typeof name === 'string' ? `/${name}` : ''}`, 300)
}
