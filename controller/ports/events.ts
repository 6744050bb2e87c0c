import type { KubeObject } from '../../shared/lib/object.ts'

export interface EventNote {
  readonly type: 'Normal' | 'Warning'
  /** The same word as in condition, metric and log. */
  readonly reason: string
  /** What was done or tried, one word. */
  readonly action: string
  /** A sentence for people. */
  readonly note: string
  readonly labels?: Readonly<Record<string, string>>
}

/** Never throws and never waits. */
export interface Events {
  record(regarding: Pick<KubeObject, 'apiVersion' | 'kind'> & { readonly metadata: Pick<KubeObject['metadata'], 'name' | 'namespace' | 'uid'> }, note: EventNote): void
}
