/** Create, replace, patch and delete on the state, with the preconditions that a real server was measured to check. */
import { isObject, sameJson } from '../../lib/json.ts'
import { after, formatInstant, seconds, type Clock } from '../../lib/time.ts'
import type { DeleteOptions, ObjectKey, Patch, Resource } from '../../kube/api.ts'
import { RESOURCE_VERSION } from '../../kube/paths.ts'
import { NAMESPACES } from '../../kube/resources.ts'
import type { StatusCause } from '../../kube/errors.ts'
import { alreadyExists, changed, conflict, invalid, notFound, Refused, uidChanged } from './answers.ts'
import type { Definitions } from './definitions.ts'
import { asJson, numberAt, stringAt, type StoredObject } from './objects.ts'
import { jsonPatch, mergePatch, strategicPatch } from './patches.ts'
import { checkBody, checkIdentity, newborn, updated, validate } from './rules.ts'
import { fromScale, toScale } from './scale.ts'
import { collectionOf, type State } from './state.ts'

/** Schema of a custom resource: the object with its defaults, or what is wrong with it. */
export type Admit = (
  resource: Resource,
  object: StoredObject,
  old: StoredObject | undefined,
  subresource: string | undefined,
) => { readonly object: StoredObject } | { readonly causes: readonly StatusCause[] }

export interface WriteContext {
  readonly state: State
  readonly clock: Clock
  readonly admit: Admit
  readonly definitions: Definitions
  /** Called for a pod that has begun to terminate; takes it away when its time has come. */
  readonly terminate: (pod: StoredObject) => void
}

export interface WriteFlags {
  readonly dryRun?: boolean
  readonly subresource?: string
}

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
export const timestamp = (clock: Clock): string => `${formatInstant(clock.now()).slice(0, 19)}Z`

export function create(context: WriteContext, resource: Resource, sent: unknown, flags: WriteFlags): StoredObject {
  const { state } = context
  checkBody(sent)
  const manifest = asJson(sent) as StoredObject
  const { namespace, name } = manifest.metadata
  if (resource.namespaced && state.get(NAMESPACES, { name: namespace ?? '' }) === undefined) throw notFound(NAMESPACES, namespace ?? '')
  if (manifest.metadata.resourceVersion !== undefined && manifest.metadata.resourceVersion !== '') {
    throw new Refused({ code: 500, message: 'resourceVersion should not be set on objects to be created' })
  }
  if (state.get(resource, { namespace, name }) !== undefined) throw alreadyExists(resource, name)
  const born = newborn(resource, manifest, { uid: state.nextUid(), createdAt: timestamp(context.clock) })
  const object = admitted(context, resource, born, undefined, undefined)
  return flags.dryRun === true ? object : state.put(collectionOf(resource), object)
}

export function replace(context: WriteContext, resource: Resource, sent: unknown, flags: WriteFlags): StoredObject {
  checkBody(sent)
  const manifest = asJson(sent) as StoredObject
  const { namespace, name, resourceVersion, uid } = manifest.metadata
  const old = existing(context, resource, { namespace, name })
  viewOf(context, old, resource, flags.subresource)
  if (RESOURCE_VERSION.test(resourceVersion) && resourceVersion !== old.metadata.resourceVersion) throw changed(resource, name)
  if (uid !== undefined && uid !== '' && uid !== old.metadata.uid) throw conflict(resource, name, 'StorageError: Precondition failed: UID in precondition')
  return commit(context, resource, old, unview(context, resource, old, manifest, flags.subresource), flags)
}

export function patch(context: WriteContext, resource: Resource, key: ObjectKey, sent: Patch, flags: WriteFlags): StoredObject {
  const { state } = context
  checkBody(sent.body)
  const old = state.get(resource, key)
  if (old === undefined) {
    if (sent.type !== 'apply') throw notFound(resource, key.name)
    const manifest = asJson(sent.body) as StoredObject
    // A uid says "this very object": applying must not make another one.
    if (manifest.metadata.uid !== undefined) throw conflict(resource, key.name, 'uid mismatch: no existing object was found')
    return create(context, resource, manifest, flags)
  }
  const view = viewOf(context, old, resource, flags.subresource)
  const wanted = asJson(apply(resource, view, sent)) as StoredObject
  checkIdentity(resource, wanted, key)
  checkPatchPreconditions(context, resource, old, wanted, flags.subresource)
  return commit(context, resource, old, unview(context, resource, old, wanted, flags.subresource), flags)
}

/** Removes the object, or begins its end. @throws Refused with the status of a failed precondition */
export function remove(context: WriteContext, resource: Resource, key: ObjectKey, options: DeleteOptions): void {
  const { state, clock } = context
  const old = existing(context, resource, key)
  const { preconditions } = options
  if (preconditions !== undefined && preconditions.uid !== old.metadata.uid) throw conflict(resource, key.name, 'Precondition failed: UID in precondition')
  if (preconditions !== undefined && preconditions.resourceVersion !== old.metadata.resourceVersion) {
    throw conflict(resource, key.name, 'Precondition failed: ResourceVersion in precondition')
  }
  if (options.dryRun === true) return
  const collection = collectionOf(resource)
  if (resource.group === '' && resource.plural === 'namespaces') {
    // A real namespace is emptied by a controller, in its own time; here at once.
    for (const [other, object] of state.everything()) if (object.metadata.namespace === key.name) state.remove(other, object)
  }
  const grace = gracePeriod(resource, old, options)
  if ((old.metadata.finalizers ?? []).length === 0 && grace === 0) {
    state.remove(collection, old)
    return
  }
  if (old.metadata.deletionTimestamp !== undefined) return
  const deletionTimestamp = `${formatInstant(after(clock.now(), seconds(grace))).slice(0, 19)}Z`
  const generation = old.metadata.generation === undefined ? {} : { generation: old.metadata.generation + 1 }
  const dying = { ...old, metadata: { ...old.metadata, ...generation, deletionTimestamp, deletionGracePeriodSeconds: grace } }
  const stored = state.put(collection, dying)
  if (grace > 0) context.terminate(stored)
}

/** Only a pod on a node, and not at its end, gets time to die. Seconds. */
function gracePeriod(resource: Resource, object: StoredObject, options: DeleteOptions): number {
  if (resource.group !== '' || resource.plural !== 'pods') return 0
  const phase = stringAt(object, 'status', 'phase')
  if ((stringAt(object, 'spec', 'nodeName') ?? '') === '' || phase === 'Succeeded' || phase === 'Failed') return 0
  if (options.gracePeriodSeconds !== undefined) return options.gracePeriodSeconds
  return numberAt(object, 'spec', 'terminationGracePeriodSeconds') || 30
}

function apply(resource: Resource, current: StoredObject, { type, body }: Patch): unknown {
  switch (type) {
    case 'merge':
      return mergePatch(current, body)
    case 'strategic':
      if (resource.group.includes('.') && !resource.group.endsWith('.k8s.io')) {
        throw new Refused({ code: 415, reason: 'UnsupportedMediaType', message: 'the body of the request was in an unknown format' })
      }
      return strategicPatch(current, body)
    case 'json':
      return jsonPatch(current, body)
    case 'apply':
      // Ownership of fields is not kept: what is applied is merged.
      return strategicPatch(current, body)
    default:
      return type satisfies never
  }
}

/** TRAP: `""`, `"0"` and null as resourceVersion are no precondition at all, and anything not a number is a 500. */
function checkPatchPreconditions({ definitions }: WriteContext, resource: Resource, old: StoredObject, wanted: StoredObject, subresource: string | undefined): void {
  const { name } = old.metadata
  const { uid, resourceVersion } = wanted.metadata as { uid?: unknown; resourceVersion?: unknown }
  if (typeof resourceVersion === 'string' && resourceVersion !== '' && resourceVersion !== '0') {
    if (!/^[0-9]+$/.test(resourceVersion)) throw new Refused({ code: 500, message: 'invalid resource version' })
    if (resourceVersion !== old.metadata.resourceVersion) throw changed(resource, name)
  }
  if (typeof uid === 'string' && uid !== '' && uid !== old.metadata.uid) {
    if (subresource === 'scale' && !definitions.comparesUid(resource)) return
    if (subresource === 'scale') throw conflict(resource, name, 'Precondition failed: UID in precondition')
    throw uidChanged(resource, name)
  }
}

function commit(context: WriteContext, resource: Resource, old: StoredObject, wanted: StoredObject, flags: WriteFlags): StoredObject {
  const subresource = flags.subresource === 'scale' ? undefined : flags.subresource
  const next = admitted(context, resource, updated(resource, old, wanted, subresource), old, flags.subresource)
  const collection = collectionOf(resource)
  if (flags.dryRun === true) return viewOf(context, next, resource, flags.subresource)
  // A write that changes nothing is not stored: version and generation stay.
  if (sameJson(next, old)) return viewOf(context, old, resource, flags.subresource)
  if (next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0 && (old.metadata.finalizers ?? []).length > 0) {
    context.state.remove(collection, old)
    return next
  }
  return viewOf(context, context.state.put(collection, next), resource, flags.subresource)
}

function admitted(context: WriteContext, resource: Resource, object: StoredObject, old: StoredObject | undefined, subresource: string | undefined): StoredObject {
  validate(resource, object, old, subresource)
  const answer = context.admit(resource, object, old, subresource)
  if ('causes' in answer) throw invalid(resource, object.metadata.name, answer.causes)
  return answer.object
}

function existing({ state }: WriteContext, resource: Resource, key: ObjectKey): StoredObject {
  const object = state.get(resource, key)
  if (object === undefined) throw notFound(resource, key.name)
  return object
}

/** What a subresource shows of an object: only `scale` has a form of its own. @throws Refused where there is none */
export const viewOf = ({ definitions }: Pick<WriteContext, 'definitions'>, object: StoredObject, resource: Resource, subresource: string | undefined): StoredObject =>
  subresource === 'scale' ? toScale(object, resource, definitions.scaleOf(resource)) : object

const unview = ({ definitions }: WriteContext, resource: Resource, old: StoredObject, wanted: StoredObject, subresource: string | undefined): StoredObject =>
  subresource === 'scale' ? fromScale(old, wanted, definitions.scaleOf(resource)) : isObject(wanted) ? wanted : old
