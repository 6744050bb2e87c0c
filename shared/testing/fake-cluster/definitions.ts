/** Which resources there are: those of Kubernetes that our programs know, and those that a test defines. */
import type { Resource } from '../../kube/api.ts'
import * as known from '../../kube/resources.ts'
import { notFound } from './answers.ts'
import { collectionOf } from './state.ts'

const isResource = (value: unknown): value is Resource => typeof value === 'object' && value !== null && 'plural' in value

export class Definitions {
  readonly #defined = new Map<string, Resource>()
  readonly #removed = new Set<string>()
  /** Questions for resources, so far. */
  asked = 0

  /** As by a CustomResourceDefinition. */
  define(resource: Resource): void {
    this.#defined.set(collectionOf(resource), resource)
    this.#removed.delete(collectionOf(resource))
  }

  remove(resource: Resource): void {
    this.#defined.delete(collectionOf(resource))
    this.#removed.add(collectionOf(resource))
  }

  /** @throws Refused (404) for what was defined once and is not any more */
  demand(resource: Resource): void {
    if (this.#removed.has(collectionOf(resource))) throw notFound(resource, '')
  }

  /** @throws Refused (404) */
  discover(group: string, version: string): readonly Resource[] {
    this.asked++
    const found = [...Object.values(known).filter(isResource), ...this.#defined.values()].filter((resource) => resource.group === group && resource.version === version)
    if (found.length === 0) throw notFound({ group, version, kind: '', plural: '', namespaced: false }, '')
    return found
  }
}
