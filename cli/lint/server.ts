/** Asks the API server by dry runs what it makes of objects: as `kubectl apply --dry-run=server`, over what is stored. */
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { isApiError, type ApiError } from '../../shared/kube/errors.ts'
import type { KubeManifest, KubeObject, ObjectKey, Resource } from '../../shared/kube/api.ts'
import { HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES } from '../../shared/kube/resources.ts'
import type { KubeConnection } from '../../shared/kube/transport.ts'
import { isObject } from '../../shared/lib/json.ts'
import { needsApproval } from '../../shared/api/v1alpha1/approval.ts'
import { BEYOND } from '../../shared/rules/beyond.ts'
import { normalised } from '../../shared/rules/judge.ts'
import { nobodyApproves, readApprovers, type MayApprove } from '../check/approvers.ts'
import { probePolicy } from '../check/door.ts'
import { explainApiError } from '../command.ts'
import { find } from '../reading.ts'
import { fromRefusal, fromWarning, isMoreWarnings, noVerdict } from './answer.ts'
import type { Candidate } from './check-text.ts'
import { whereAsked } from './exemption.ts'
import { called, type Problem, type Remark } from './finding.ts'

export interface Answered {
  /** In the order of the question. */
  readonly candidates: readonly Candidate[]
  readonly problems: readonly Problem[]
  /** Whether policies of this cluster pass a door. */
  readonly door: boolean
  /** Whether it could be read who may approve (KS405). */
  readonly approvers: boolean
}

const RESOURCES: readonly Resource[] = [HEALING_POLICIES, HEALING_ACTIONS, HEALING_LEDGERS]
/** As many as the API server answers at once without a queue. */
const AT_ONCE = 8

type Api = Pick<KubeConnection, 'get' | 'list' | 'create' | 'replace'>

/** Each with what the server said in place of what the rules here said, where a door was asked. */
export async function askServer(api: Api, candidates: readonly Candidate[]): Promise<Answered> {
  const problems: Problem[] = []
  const first = candidates.find(({ value }) => resourceOf(value) === HEALING_POLICIES)
  const door = first?.subject.namespace === undefined ? false : await isGuarded(api, first.subject.namespace)
  const answered = [...candidates]
  const queue = candidates.entries()
  const work = async (): Promise<void> => {
    for (const [index, candidate] of queue) {
      const offline = whereAsked(candidate.remarks)
      const answer = await ask(api, candidate, offline)
      if ('problem' in answer) problems.push({ file: candidate.file, what: `${called(candidate.subject)} could not be asked about: ${answer.problem}` })
      else answered[index] = { ...candidate, remarks: merged(offline, answer, door) }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  const mayApprove = await approversOf(api)
  return { candidates: mayApprove === undefined ? answered : answered.map((candidate) => ({ ...candidate, remarks: [...candidate.remarks, ...unapproved(candidate, mayApprove)] })), problems, door, approvers: mayApprove !== undefined }
}

/** undefined: who asks may not read roles and bindings, as most may not. */
async function approversOf(api: Api): Promise<MayApprove | undefined> {
  try {
    return await readApprovers(api)
  } catch (error) {
    if (isApiError(error, 'Forbidden')) return undefined
    throw error
  }
}

function unapproved({ value, subject: { namespace } }: Candidate, mayApprove: MayApprove): readonly Remark[] {
  const policy = normalised(value)
  if (namespace === undefined || policy === undefined || mayApprove(namespace)) return []
  const index = policy.spec.actions.findIndex((action) => needsApproval(policy.spec, action))
  if (index < 0) return []
  const { id, why, fix } = BEYOND.approvers
  return [{ rule: id, level: 'warning', path: policy.spec.mode === 'manual' ? 'spec.mode' : `spec.actions[${index}]`, what: nobodyApproves(namespace), why, fix }]
}

/** A policy that breaks KS101 and nothing else: only a door refuses it. */
async function isGuarded(api: Api, namespace: string): Promise<boolean> {
  try {
    await api.create(HEALING_POLICIES, probePolicy('refused', namespace), { dryRun: true, fieldManager: MANAGER })
    return false
  } catch (error) {
    if (!isApiError(error)) throw error
    return error.causes.some(({ message = '' }) => message.startsWith('[KS101]')) || (error.serverMessage ?? '').includes('[KS101]')
  }
}

const MANAGER = 'kubeskippy-lint'

type Answer = { readonly remarks: readonly Remark[]; readonly more: boolean } | { readonly problem: string }

async function ask(api: Api, { value, subject }: Candidate, offline: readonly Remark[]): Promise<Answer> {
  const resource = resourceOf(value)
  if (resource === undefined || !isSendable(value)) return { remarks: offline, more: false }
  const warnings: string[] = []
  const refused = await refusalOf(api, resource, value, subject.namespace, (text) => warnings.push(text))
  if (refused !== undefined && noVerdict(refused)) return { problem: explainApiError(refused) }
  const warned = [...new Set(warnings)].filter((text) => !isMoreWarnings(text)).map((text) => fromWarning(text, offline))
  const more = warned.length < new Set(warnings).size
  if (refused === undefined) return { remarks: warned, more }
  const told = fromRefusal(refused, offline)
  return { remarks: [...told.remarks, ...warned], more: more || told.more }
}

async function refusalOf(api: Api, resource: Resource, value: KubeManifest, namespace: string | undefined, onWarning: (text: string) => void): Promise<ApiError | undefined> {
  const { resourceVersion: _resourceVersion, ...metadata } = value.metadata
  const manifest = { ...value, metadata }
  const options = { dryRun: true, fieldManager: MANAGER, onWarning } as const
  try {
    const key: ObjectKey = { ...(namespace === undefined ? {} : { namespace }), name: metadata.name }
    const stored = typeof metadata.name === 'string' ? await find<KubeObject>(api, resource, key) : undefined
    if (stored === undefined) await api.create(resource, manifest, options)
    else await api.replace(resource, { ...manifest, metadata: { ...metadata, resourceVersion: stored.metadata.resourceVersion } }, options)
    return undefined
  } catch (error) {
    if (!isApiError(error)) throw error
    return error
  }
}

const resourceOf = (value: unknown): Resource | undefined => (isObject(value) ? RESOURCES.find(({ kind }) => kind === value['kind']) : undefined)

/** What has no frame of an object cannot be posted anywhere, and of what nobody can decode the answer names no place; the lint has said both already. */
const isSendable = (value: unknown): value is KubeManifest => {
  if (!isObject(value) || value['apiVersion'] !== `${HEALING_POLICIES.group}/${HEALING_POLICIES.version}` || !isObject(value['metadata'])) return false
  const { name, namespace, labels, annotations } = value['metadata']
  if (![labels, annotations].every(areTexts)) return false
  return (name === undefined || (typeof name === 'string' && /^[a-zA-Z0-9._-]{1,253}$/.test(name))) && typeof namespace === 'string'
}

const areTexts = (map: unknown): boolean => map === undefined || map === null || (isObject(map) && Object.values(map).every((text) => text === null || typeof text === 'string'))

/**
 * The server's word counts, and what only the file tells stays. Where no door is, or the answer had no room for all, the
 * rules of this program speak as well.
 */
function merged(offline: readonly Remark[], { remarks, more }: Extract<Answer, { more: boolean }>, door: boolean): readonly Remark[] {
  const kept = offline.filter((remark) => !door || more || remark.ofFile === true)
  const said = new Set(remarks.map(keyOf))
  return [...remarks.map((remark) => ({ ...remark, ...positionIn(offline, remark) })), ...kept.filter((remark) => !said.has(keyOf(remark)))]
}

/** An answer names the field. Where in its text, the same finding of this program knows. */
function positionIn(offline: readonly Remark[], { rule, path, what }: Remark): Pick<Remark, 'within'> {
  const same = offline.find((remark) => remark.rule === rule && remark.path === path && remark.what === what)
  return same?.within === undefined ? {} : { within: same.within }
}

const keyOf = ({ rule, path }: Remark): string => `${rule} ${path}`

/** For the message about a cluster without a door. */
export const NO_DOOR = `no webhook of KubeSkippy judges ${healingPolicy.plural} there (kubeskippy check says why): the rules are those of this program`
