/** Which resources there are: those of Kubernetes that our programs know, and those that a test defines. */
import { GROUP } from '../../api/v1alpha1/fields.ts'
import { resources } from '../../api/v1alpha1/resources.ts'
import { ownFields } from '../../schema/emit-crd.ts'
import type { DiscoveredResource, Resource } from '../../kube/api.ts'
import * as known from '../../kube/resources.ts'
import { notFound } from './answers.ts'
import { collectionOf } from './state.ts'

/** Where the numbers of the `scale` subresource stand in an object, as a CustomResourceDefinition says it. */
export interface ScalePaths {
  readonly spec: readonly string[]
  readonly status: readonly string[]
  /** Absent: its scale names no pods. */
  readonly selector?: readonly string[]
}

const OF_KUBERNETES: ReadonlySet<string> = new Set(['apps/deployments', 'apps/replicasets', 'apps/statefulsets'])
const USUAL: ScalePaths = { spec: ['spec', 'replicas'], status: ['status', 'replicas'] }

const isResource = (value: unknown): value is Resource => typeof value === 'object' && value !== null && 'plural' in value

export class Definitions {
  readonly #defined = new Map<string, Resource>()
  readonly #scales = new Map<string, ScalePaths>()
  readonly #removed = new Set<string>()
  /** Questions for resources, so far. */
  asked = 0

  /** As by a CustomResourceDefinition. */
  define(resource: Resource, scale?: ScalePaths): void {
    const collection = collectionOf(resource)
    this.#defined.set(collection, resource)
    if (scale === undefined) this.#scales.delete(collection)
    else this.#scales.set(collection, scale)
    this.#removed.delete(collection)
  }

  remove(resource: Resource): void {
    this.#defined.delete(collectionOf(resource))
    this.#removed.add(collectionOf(resource))
  }

  /** TRAP: of its own kinds a real server compares the uid in a patch of the scale, of custom resources it does not. */
  comparesUid(resource: Resource): boolean {
    return !this.#scales.has(collectionOf(resource))
  }

  /** undefined: it has no such subresource. */
  scaleOf(resource: Resource): ScalePaths | undefined {
    const collection = collectionOf(resource)
    return this.#scales.get(collection) ?? (OF_KUBERNETES.has(collection) ? USUAL : undefined)
  }

  /** @throws Refused (404) for what was defined once and is not any more */
  demand(resource: Resource): void {
    if (this.#removed.has(collectionOf(resource))) throw notFound(resource, '')
  }

  versionsOf(group: string): readonly string[] {
    return [...new Set(this.#all().flatMap((resource) => (resource.group === group ? [resource.version] : [])))]
  }

  /** Of our kinds, as an API server has them that they were installed in. */
  schemas(): ReadonlyMap<string, unknown> {
    const installed = resources.filter(({ plural }) => !this.#removed.has(collectionOf({ group: GROUP, plural })))
    return new Map(installed.map((resource) => [resource.kind, { properties: ownFields(resource) }]))
  }

  #all(): readonly Resource[] {
    const all = new Map([...Object.values(known).filter(isResource), ...this.#defined.values()].map((resource) => [collectionOf(resource), resource]))
    return [...all.values()].filter((resource) => !this.#removed.has(collectionOf(resource)))
  }

  /** @throws Refused (404) */
  discover(group: string, version: string): readonly DiscoveredResource[] {
    this.asked++
    const found = this.#all().filter((resource) => resource.group === group && resource.version === version)
    if (found.length === 0) throw notFound({ group, version, kind: '', plural: '', namespaced: false }, '')
    return found.map((resource) => ({ ...resource, scalable: this.scaleOf(resource) !== undefined }))
  }
}
