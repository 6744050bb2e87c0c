import { GROUP, VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { resources } from '../../shared/api/v1alpha1/resources.ts'
import type { KubeObject } from '../../shared/kube/api.ts'
import { CUSTOM_RESOURCE_DEFINITIONS } from '../../shared/kube/resources.ts'
import { emitCrd } from '../../shared/schema/emit-crd.ts'
import type { CustomResource } from '../../shared/schema/structural.ts'
import { firstDifference, type Difference } from './difference.ts'
import { find } from '../reading.ts'
import { fail, ok, type Check, type Finding } from './finding.ts'

interface Definition extends KubeObject {
  readonly spec?: { readonly versions?: readonly { readonly name: string; readonly schema?: { readonly openAPIV3Schema?: unknown } }[] }
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[] }
}

const INSTALL = 'kubectl apply --server-side -f config/crd/bases'

export const definitionsCheck: Check = {
  name: 'crds',
  run: ({ api }) => Promise.all(resources.map(async (resource) => judge(resource, await find<Definition>(api, CUSTOM_RESOURCE_DEFINITIONS, { name: `${resource.plural}.${GROUP}` })))),
}

function judge(resource: CustomResource, found: Definition | undefined): Omit<Finding, 'check'> {
  const name = `${resource.plural}.${GROUP}`
  if (found === undefined) return fail(`${name} is not installed`, INSTALL)
  const wrong = (found.status?.conditions ?? []).find(({ type, status }) => (type === 'Established' || type === 'NamesAccepted' ? status !== 'True' : type === 'NonStructuralSchema' && status === 'True'))
  if (wrong !== undefined) return fail(`${name}: ${wrong.type} is ${wrong.status}: ${wrong.message ?? ''}`, INSTALL)
  const schema = found.spec?.versions?.find((version) => version.name === VERSION)?.schema?.openAPIV3Schema
  const difference = firstDifference(schemaOf(resource), schema)
  return difference === undefined ? ok(`${name} is that of this version`) : fail(`${name} is of another version: ${inWords(difference)}`, `${INSTALL}, of the version that the programs have`)
}

const schemaOf = (resource: CustomResource): unknown => {
  const { spec } = emitCrd(resource, { group: GROUP, version: VERSION }) as { readonly spec: { readonly versions: readonly [{ readonly schema: { readonly openAPIV3Schema: unknown } }] } }
  // As it comes from the server: without members that are undefined.
  return JSON.parse(JSON.stringify(spec.versions[0].schema.openAPIV3Schema)) as unknown
}

/** `properties.spec.properties.triggers.items.properties.type` is `spec.triggers[].type` to people. */
function inWords({ path, kind }: Difference): string {
  const field = path.replaceAll('properties.', '').replaceAll('.items', '[]')
  switch (kind) {
    case 'missing':
      return `the cluster does not know ${field}`
    case 'unknown':
      return `this program does not know ${field}`
    case 'other':
      return `${field} differs`
    default:
      return kind satisfies never
  }
}
