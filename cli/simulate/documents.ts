/** Policies from a file, read as kubectl reads it. Pure. */
import { LineCounter, parseAllDocuments } from 'yaml'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { isObject } from '../../shared/lib/json.ts'
import { printable } from '../../shared/lib/text.ts'

export interface Documents {
  /** As written; whether they have the shape of a policy is for others to say. */
  readonly policies: readonly Readonly<Record<string, unknown>>[]
  /** What else is in the file. */
  readonly skipped: readonly string[]
  /** `FILE:3:7: what`. */
  readonly problems: readonly string[]
}

/** YAML 1.1, as kubectl: `on` is true, and of two equal keys the last one counts. JSON is YAML. */
export function readDocuments(file: string, text: string): Documents {
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, { version: '1.1', uniqueKeys: false, lineCounter: lines })
  const documents = Array.isArray(parsed) ? parsed : []
  const problems = documents.flatMap(({ errors }) =>
    errors.map(({ pos: [offset], message }) => {
      const { line, col } = lines.linePos(offset)
      return `${file}:${line}:${col}: ${printable(message.split('\n')[0] ?? '', 200).replace(/ at line \d+, column \d+:?$/, '')}`
    }),
  )
  if (problems.length > 0) return { policies: [], skipped: [], problems }
  const objects = documents.map((document) => document.toJS() as unknown).filter((value) => value !== null && value !== undefined)
  const flat = objects.flatMap((value) => (isObject(value) && value['kind'] === 'List' && Array.isArray(value['items']) ? (value['items'] as unknown[]) : [value]))
  const policies = flat.filter((value): value is Record<string, unknown> => isObject(value) && value['kind'] === healingPolicy.kind)
  const skipped = flat.filter((value) => !policies.includes(value as Record<string, unknown>)).map(called)
  return { policies, skipped, problems: policies.length === 0 ? [`${file}: there is no ${healingPolicy.kind} in it`] : [] }
}

function called(value: unknown): string {
  if (!isObject(value)) return 'something that is no object'
  const { kind, metadata } = value
  const name = isObject(metadata) ? metadata['name'] : undefined
  return printable(`${typeof kind === 'string' ? kind : 'an object without a kind'}${typeof name === 'string' ? `/${name}` : ''}`, 300)
}
