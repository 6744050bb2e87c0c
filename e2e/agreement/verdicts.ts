/** Our verdict on a manifest in the terms of the API server's answer, and where the two differ. */
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { resources } from '../../shared/api/v1alpha1/resources.ts'
import { isObject } from '../../shared/lib/json.ts'
import { judgeObject } from '../../shared/rules/cel/judge.ts'
import { unknownObjectFields } from '../../shared/schema/defaults.ts'
import type { CustomResource } from '../../shared/schema/structural.ts'
import { compileResource, type SchemaCheck } from '../../shared/schema/validate.ts'
import type { Answer, Place } from './server.ts'

const checks = new Map<CustomResource, SchemaCheck>(resources.map((resource) => [resource, compileResource(resource, API_VERSION)]))

/** The resource that the manifest is sent to: by its kind, HealingPolicy when that is no kind of ours. */
export function resourceOf(manifest: unknown): CustomResource {
  const kind = isObject(manifest) ? manifest['kind'] : undefined
  return resources.find((resource) => resource.kind === kind) ?? healingPolicy
}

/** Where it is sent to: its own namespace, or `default`. */
export function placeOf(manifest: unknown): Place {
  const metadata = isObject(manifest) ? manifest['metadata'] : undefined
  const namespace = isObject(metadata) ? metadata['namespace'] : undefined
  return { plural: resourceOf(manifest).plural, namespace: typeof namespace === 'string' ? namespace : 'default' }
}

/** Paths of every issue of the schema and CEL; empty: accepted. */
export function ourPaths(resource: CustomResource, manifest: unknown, old?: unknown): string[] {
  const check = checks.get(resource)
  if (check === undefined) throw new Error(`${resource.kind} is no kind of ours`)
  return [...new Set(judgeObject(resource, check, manifest, old).map(({ path }) => path))].sort()
}

/** Paths of unknown fields, which strict validation refuses before all else. */
export const ourUnknown = (resource: CustomResource, manifest: unknown): string[] => (isObject(manifest) ? unknownObjectFields(resource, manifest).sort() : [])

/**
 * What differs, in words; undefined where both agree. An object that cannot even be decoded is refused with 400 and no
 * causes: then our paths must all be about the frame of the object, and there must be one.
 */
export function disagreement(ours: readonly string[], theirs: Answer): string | undefined {
  if (theirs.accepted !== (ours.length === 0)) return `we ${ours.length === 0 ? 'accept' : 'refuse'}, the API server answers ${theirs.code}`
  if (theirs.accepted) return undefined
  if (theirs.code === 400) return ours.every(isFrame) ? undefined : 'the API server cannot decode it, we can'
  if (theirs.code !== 422) return `the API server answers ${theirs.code}`
  const missing = theirs.paths.filter((path) => !ours.includes(path))
  const extra = ours.filter((path) => !theirs.paths.includes(path))
  if (missing.length === 0 && extra.length === 0) return undefined
  return `only the API server: ${missing.join(', ') || 'nothing'}; only we: ${extra.join(', ') || 'nothing'}`
}

/** Outside spec and status. */
export const isFrame = (path: string): boolean => path === '' || path === 'apiVersion' || path === 'kind' || path === 'metadata' || path.startsWith('metadata.')

/** Paths in the answer of strict validation: `unknown field "spec.trigers"`. */
export const unknownInAnswer = ({ text }: Answer): string[] => [...new Set([...text.matchAll(/unknown field \\"([^"\\]+)\\"/g)].map(([, path = '']) => path))].sort()
