/** Every place that the owner of a workload can write, and where a text of it turns up again. The reference is made from this table. */
import type { KubeObject } from '../../shared/kube/api.ts'

/** What a controller, and the command line of who asks, says. */
export const SINKS = ['log', 'audit trail', 'events', 'HealingAction', 'policy status', 'ledger', 'metrics', 'traces', 'bundle', 'explain'] as const
export type Sink = (typeof SINKS)[number]

/** As a person would write it, under the text that is planted. */
type Edit = (object: KubeObject, text: string) => object

export interface Place {
  readonly what: string
  readonly of: 'pod' | 'Deployment' | 'policy' | 'event' | 'log' | 'series' | 'ConfigMap' | 'Secret'
  /** Of a log and a series: nothing, there the test does it. */
  readonly edit: Edit
  /** Where a word turns up that does not look like a secret. */
  readonly shown: readonly Sink[]
  /** Where it stands whatever it looks like: what is changed, and to what, is what its HealingAction is about. Who may read that may read both objects. */
  readonly kept?: readonly Sink[]
}

type Json = Record<string, unknown>
/** At the path, whatever stands beside it; a number is an item of a list. */
const at = (path: readonly (string | number)[]): Edit => (object, text) => put(object, path, text) as Json
function put(value: unknown, [key, ...rest]: readonly (string | number)[], text: string): unknown {
  if (key === undefined) return text
  if (typeof key === 'number') {
    const list = Array.isArray(value) ? [...(value as unknown[])] : []
    list[key] = put(list[key], rest, text)
    return list
  }
  const object = (value ?? {}) as Json
  return { ...object, [key]: put(object[key], rest, text) }
}
const CONTAINER = ['spec', 'containers', 0] as const
const TEMPLATE = ['spec', 'template', 'spec', 'containers', 0] as const
const place = (what: string, kind: Place['of'], edit: Edit, ...shown: readonly Sink[]): Place => ({ what, of: kind, edit, shown })

export const PLACES: readonly Place[] = [
  place('a value of the environment', 'pod', at([...CONTAINER, 'env', 0, 'value'])),
  place('a command', 'pod', at([...CONTAINER, 'command', 0])),
  place('an argument', 'pod', at([...CONTAINER, 'args', 0])),
  place('the command of a probe', 'pod', at([...CONTAINER, 'livenessProbe', 'exec', 'command', 0])),
  place('a header of a probe', 'pod', at([...CONTAINER, 'readinessProbe', 'httpGet', 'httpHeaders', 0, 'value'])),
  place('the name of an image', 'pod', at([...CONTAINER, 'image'])),
  place('the name of a volume', 'pod', at(['spec', 'volumes', 0, 'name'])),
  place('the host name', 'pod', at(['spec', 'hostname'])),
  place('an annotation of a pod', 'pod', at(['metadata', 'annotations', 'example.com/note'])),
  place('a label of a pod', 'pod', at(['metadata', 'labels', 'example.com/note'])),
  place('the message of a condition', 'pod', at(['status', 'conditions', 0, 'message'])),
  place('the reason of a condition', 'pod', at(['status', 'conditions', 0, 'reason']), 'HealingAction', 'bundle', 'explain'),
  place('the message of a waiting container', 'pod', at(['status', 'containerStatuses', 0, 'state', 'waiting', 'message'])),
  place('the message of a terminated container', 'pod', at(['status', 'containerStatuses', 0, 'lastState', 'terminated', 'message'])),
  place('the message of a pod', 'pod', at(['status', 'message'])),
  place('a line of a log', 'log', (object) => object, 'HealingAction', 'bundle', 'explain'),
  place('the note of an event', 'event', at(['note']), 'HealingAction', 'bundle', 'explain'),
  place('the reason of an event', 'event', at(['reason']), 'HealingAction', 'bundle', 'explain'),
  place('the action of an event', 'event', at(['action'])),
  place('who reports an event', 'event', at(['reportingInstance'])),
  place('an annotation of a workload', 'Deployment', at(['metadata', 'annotations', 'example.com/note'])),
  { ...place('an annotation of a workload that a patch replaces', 'Deployment', at(['metadata', 'annotations', 'note']), 'audit trail', 'HealingAction', 'bundle', 'explain'), kept: ['HealingAction', 'explain'] },
  place('a label of a workload', 'Deployment', at(['metadata', 'labels', 'example.com/note'])),
  place('an annotation of a template', 'Deployment', at(['spec', 'template', 'metadata', 'annotations', 'example.com/note'])),
  place('a command of a template', 'Deployment', at([...TEMPLATE, 'command', 0])),
  place('an image of a template', 'Deployment', at([...TEMPLATE, 'image'])),
  place('the message of a workload\'s condition', 'Deployment', at(['status', 'conditions', 0, 'message'])),
  place('a label of a series', 'series', (object) => object),
  place('a ConfigMap', 'ConfigMap', at(['data', 'note'])),
  place('a Secret', 'Secret', at(['stringData', 'note'])),
  place('an annotation of a policy', 'policy', at(['metadata', 'annotations', 'example.com/note']), 'bundle'),
  place('a description of an action', 'policy', at(['spec', 'actions', 0, 'description']), 'bundle'),
  { ...place('a value of a patch', 'policy', at(['spec', 'actions', 1, 'patchAction', 'patches', 0, 'value']), 'audit trail', 'HealingAction', 'bundle', 'explain'), kept: ['HealingAction', 'explain'] },
]
