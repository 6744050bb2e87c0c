/** A CustomResourceDefinition as a test needs one: anything may stand in its objects. */
import type { KubeManifest, Resource } from '../../kube/api.ts'
import type { ScalePaths } from '../fake-cluster/definitions.ts'

const path = (tokens: readonly string[]): string => `.${tokens.join('.')}`

const scaleOf = ({ spec, status, selector }: ScalePaths): object => ({
  specReplicasPath: path(spec),
  statusReplicasPath: path(status),
  ...(selector === undefined ? {} : { labelSelectorPath: path(selector) }),
})

export const definition = ({ group, version, kind, plural, namespaced }: Resource, scale?: ScalePaths): KubeManifest & Readonly<Record<string, unknown>> => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: namespaced ? 'Namespaced' : 'Cluster',
    names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        subresources: { status: {}, ...(scale === undefined ? {} : { scale: scaleOf(scale) }) },
      },
    ],
  },
})
