/** Fields that a schema does not know, with the one that was probably meant. Pure, and bounded for hostile input. */
import { isObject, isShallow } from '../lib/json.ts'
import { remembered } from '../lib/remembered.ts'
import { nearest } from '../lib/text.ts'
import { isKnown, rootSchema, unknownInObject } from './defaults.ts'
import type { CustomResource } from './structural.ts'
import { schemaNodes, type UnknownField } from './walk.ts'

export interface StrayField {
  /** As the user wrote it: `spec.triggers[0].cooldown`. */
  readonly path: string
  /** What is known in its place under a name like it, or in another place; as a path, indices left open where the object says nothing of them. */
  readonly nearest?: string
}

/** Deeper than any schema of ours: what lies below came from no API server. */
const DEEPEST = 32
const MOST = 50

/** The outermost ones, in the order of the object; the first 50. None of what is nested without end. */
export function strayFields(resource: CustomResource, object: unknown): readonly StrayField[] {
  if (!isObject(object) || isKnown(resource, object) || !isShallow(object, DEEPEST)) return []
  return Array.from(unknownInObject(resource, object).take(MOST), (field) => {
    const near = meantBy(resource, field)
    return { path: field.path, ...(near === undefined ? {} : { nearest: near }) }
  })
}

/** The path of the field that was probably meant: like it or another word for it and in the same place, or elsewhere; undefined: nobody knows. */
export function meantBy(resource: CustomResource, field: UnknownField): string | undefined {
  const { path, name, known } = field
  const parent = path.slice(0, path.length - name.length)
  const words = resource.words?.get(bare(name)) ?? []
  const beside = [...words.filter((word) => known.includes(word)), ...nearest(name, known)]
  if (beside[0] !== undefined) return `${parent}${beside[0]}`
  for (const each of [name, ...words]) {
    const place = elsewhere(resource, field, parent, each)
    if (place !== undefined) return place
  }
  return undefined
}

const bare = (name: string): string => name.slice(0, 64).toLowerCase().replaceAll(/[-_]/g, '')

/** Where fields of a spec stand, by their names. */
const placesOf = remembered((resource: CustomResource): ReadonlyMap<string, readonly string[]> => {
  const paths = [...schemaNodes(rootSchema(resource))].map(({ path }) => path).filter((path) => path.startsWith('spec.') && !/(?:\[\]|\*)$/.test(path))
  return Map.groupBy(paths, (path) => path.slice(path.lastIndexOf('.') + 1))
})

/** Further inside of the same object, and of several the only one for which there is something already; further outside; or the only one that is in no list. */
function elsewhere(resource: CustomResource, { beside }: UnknownField, parent: string, name: string): string | undefined {
  const places = placesOf(resource).get(name) ?? []
  const inside = places.filter((place) => place.startsWith(open(parent))).map((place) => place.slice(open(parent).length))
  const begun = inside.filter((rest) => Object.hasOwn(beside, firstOf(rest)))
  // Of the bodies that a type can have there is one: none of the others is meant.
  const possible = hasBody(beside) ? inside.filter((rest) => !BODY.test(firstOf(rest))) : inside
  for (const found of [begun, possible]) if (found.length === 1) return `${parent}${found[0]}`
  const around = ancestors(parent).find((ancestor) => places.includes(`${open(ancestor)}${name}`))
  if (around !== undefined) return `${around}${name}`
  // In items of other lists, and beside other types, the same word means something else.
  return places.length === 1 && places[0]?.includes('[]') === false ? places[0] : undefined
}

const BODY = /(?:Trigger|Action)$/
/** Asked once for each of very many fields of one object. */
const hasBody = remembered((object: UnknownField['beside']) => Object.keys(object).some((member) => BODY.test(member)))
const firstOf = (rest: string): string => /^\w+/.exec(rest)?.[0] ?? ''

const open = (path: string): string => path.replaceAll(/\[\d+\]/g, '[]')

/** `spec.triggers[0].eventTrigger.`: `spec.triggers[0].`, `spec.` */
const ancestors = (parent: string): readonly string[] => [...parent.matchAll(/\./g)].map(({ index }) => parent.slice(0, index + 1)).slice(0, -1).toReversed()
