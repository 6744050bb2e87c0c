/** What Helm stores of a release. */
import { gzipSync } from 'node:zlib'
import { OPERATOR_NAMESPACE } from '../../../shared/api/v1alpha1/names.ts'
import type { HelmRecord } from '../helm-records.ts'

export interface Packed {
  readonly chart: string
  readonly manifest: string
  readonly hooks?: readonly string[]
}

/** The value of `release` in the data of the Secret. */
export const helmRecord = ({ chart, manifest, hooks = [] }: Packed): string =>
  Buffer.from(gzipSync(JSON.stringify({ chart: { metadata: { name: chart } }, manifest, hooks: hooks.map((each) => ({ manifest: each })) })).toString('base64')).toString('base64')

type Stored = HelmRecord & Readonly<Record<string, unknown>>

export const releaseSecret = (release: string, revision: number, packed: string): Stored => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: `sh.helm.release.v1.${release}.v${revision}`, namespace: OPERATOR_NAMESPACE, labels: { owner: 'helm', name: release } },
  data: { release: packed },
}) as unknown as Stored
