/** Where Helm keeps what it knows of a release: one Secret for each revision. Pure. */
import { gunzipSync } from 'node:zlib'
import type { KubeObject } from '../../shared/kube/api.ts'
import { isObject } from '../../shared/lib/json.ts'
import { readManifests } from '../manifests/documents.ts'
import { isOurs } from './inventory.ts'

export const HELM_RECORDS = 'owner=helm'
const CHART = 'kubeskippy'
/** Bytes of a record, unpacked. A Secret is a mebibyte at most, and text gets ten times smaller. */
const LONGEST = 32 * 1024 * 1024

export interface HelmRecord extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

export interface Release {
  readonly name: string
  readonly records: readonly HelmRecord[]
  /** Of KubeSkippy, of something else, or both: our chart may be one of several in a release. */
  readonly holds: Contents
}

interface Contents {
  readonly ours: boolean
  readonly others: boolean
}

export const releasesOf = (records: readonly HelmRecord[]): readonly Release[] =>
  [...Map.groupBy(records, ({ metadata }) => metadata.labels?.['name'] ?? '')].map(([name, of]) => {
    const each = of.map(contentsOf)
    return { name, records: of, holds: { ours: each.some(({ ours }) => ours), others: each.some(({ others }) => others) } }
  })

/** What cannot be read may hold anything. */
function contentsOf({ data }: HelmRecord): Contents {
  const found = unpacked(data?.['release'] ?? '')
  const manifest = manifestOf(found)
  const chart = nameOfChart(found)
  if (manifest === undefined || chart === undefined) return { ours: true, others: true }
  const { manifests, problems } = readManifests(manifest)
  const isAll = problems.length === 0 && manifests.every(({ value }) => isOurs(value))
  return { ours: chart === CHART || manifests.some(({ value }) => isOurs(value)), others: chart !== CHART || !isAll }
}

/** Base64 of Kubernetes, base64 of Helm, gzip, JSON. */
function unpacked(release: string): unknown {
  try {
    const packed = Buffer.from(Buffer.from(release, 'base64').toString('latin1'), 'base64')
    return JSON.parse(gunzipSync(packed, { maxOutputLength: LONGEST }).toString('utf8')) as unknown
  } catch {
    return undefined
  }
}

function nameOfChart(release: unknown): string | undefined {
  const chart = isObject(release) && isObject(release['chart']) ? release['chart'] : {}
  const metadata = isObject(chart['metadata']) ? chart['metadata'] : {}
  return typeof metadata['name'] === 'string' ? metadata['name'] : undefined
}

/** Hooks are not in the manifest. */
function manifestOf(release: unknown): string | undefined {
  if (!isObject(release) || typeof release['manifest'] !== 'string') return undefined
  const hooks: readonly unknown[] = Array.isArray(release['hooks']) ? release['hooks'] : []
  return [release['manifest'], ...hooks.map((hook) => (isObject(hook) && typeof hook['manifest'] === 'string' ? hook['manifest'] : ''))].join('\n---\n')
}
