/**
 * The Secret that all replicas share. Created by one of them and replaced only as it was read; whoever loses a race
 * takes what the winner wrote.
 */
import type { KubeApi, KubeManifest, KubeObject } from '../shared/kube/api.ts'
import { isApiError } from '../shared/kube/errors.ts'
import { SECRETS } from '../shared/kube/resources.ts'
import type { Clock, Instant } from '../shared/lib/time.ts'
import type { Logger } from '../shared/runtime/logger.ts'
import { issueAuthority, issueLeaf, type Issued, type LeafNames } from './issue.ts'
import { readSecretData, toSecretData, usableAuthorities, type Facts, type Material } from './material.ts'
import { AUTHORITY_VALIDITY, LEAF_VALIDITY, needsRenewal } from './needs-renewal.ts'

export interface SecretSourceOptions {
  readonly api: Pick<KubeApi, 'get' | 'create' | 'replace'>
  readonly clock: Clock
  readonly log: Logger
  readonly namespace: string
  readonly name: string
  readonly names: LeafNames
  /** What this replica serves by, if anything: its authority stays in the bundle when the Secret was lost or replaced. */
  readonly served?: Material | undefined
}

export interface Served {
  readonly material: Material
  readonly facts: Facts
}

interface Secret extends KubeObject {
  readonly type?: string
  readonly data?: unknown
}

interface SecretManifest extends KubeManifest {
  readonly type: string
  readonly data: Readonly<Record<string, string>>
}

/** Each lost race means that somebody else has written: after a few of them the material is there. */
const ATTEMPTS = 5

/** Valid material as it is stored now; made or renewed when it has to be. */
export async function currentMaterial(options: SecretSourceOptions): Promise<Served> {
  for (let attempt = 1; ; attempt++) {
    const stored = await read(options)
    const now = options.clock.now()
    const { served, write } = await judged(options, stored, now)
    if (!write) return served
    try {
      await store(options, stored, served.material)
      return served
    } catch (error) {
      const raced = isApiError(error, 'AlreadyExists', 'Conflict', 'Recreated') || (stored !== undefined && isApiError(error, 'NotFound'))
      if (!raced || attempt === ATTEMPTS) throw error
    }
  }
}

async function read({ api, namespace, name }: SecretSourceOptions): Promise<Secret | undefined> {
  try {
    return await api.get<Secret>(SECRETS, { namespace, name })
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined
    throw error
  }
}

async function judged({ log, name, names, served }: SecretSourceOptions, stored: Secret | undefined, now: Instant): Promise<{ served: Served; write: boolean }> {
  const found = stored === undefined ? undefined : readSecretData(stored.data)
  if (found !== undefined && 'problem' in found) log.warn('certificate secret is unusable, making a new one', { secret: name, problem: found.problem })
  const usable = found === undefined || 'problem' in found ? undefined : found
  const renewal = usable === undefined ? 'authority' : needsRenewal(usable.facts, [...names.dns, ...names.ips], now)
  const [own, ...others] = served === undefined ? [] : usableAuthorities(toSecretData(served), now)
  if (usable !== undefined && renewal === 'none') {
    const [signing = '', ...earlier] = usableAuthorities(stored?.data, now)
    if (own === undefined || [signing, ...earlier].includes(own)) return { served: usable, write: false }
    // Somebody has put other certificates there, such as those of a backup: until they are served, what is served must be trusted.
    log.info('keeping the authority that is served by in the bundle', { secret: name })
    return { served: { ...usable, material: { ...usable.material, caBundle: bundleOf([signing, own, ...earlier]) } }, write: true }
  }
  log.info('making certificates', { secret: name, renewal })
  const authority: Issued =
    usable !== undefined && renewal === 'leaf' ? { cert: usable.material.caBundle, key: usable.material.caKey } : await issueAuthority(now, AUTHORITY_VALIDITY)
  const leaf = await issueLeaf(authority, names, now, LEAF_VALIDITY)
  // The one that signs is first; what is served must be trusted until another is, whatever the Secret was replaced with.
  const [signing = authority.cert, ...earlier] = renewal === 'leaf' ? usableAuthorities(stored?.data, now) : [authority.cert, ...usableAuthorities(stored?.data, now), ...others]
  const caBundle = bundleOf([signing, ...(own === undefined ? [] : [own]), ...earlier])
  const material = { caBundle, caKey: authority.key, cert: leaf.cert, key: leaf.key }
  const made = readSecretData(toSecretData(material))
  if ('problem' in made) throw new Error(`made unusable certificates: ${made.problem}`)
  return { served: made, write: true }
}

/** Each once, and no more than a rotation and an accident need: every API server parses all of them at every change. */
const bundleOf = (authorities: readonly string[]): string => [...new Set(authorities.map((pem) => `${pem.trim()}\n`))].slice(0, 4).join('')

async function store({ api, namespace, name }: SecretSourceOptions, stored: Secret | undefined, material: Material): Promise<void> {
  const manifest: SecretManifest = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/part-of': 'kubeskippy', 'app.kubernetes.io/component': 'webhook' } },
    // The type of a Secret cannot be changed.
    type: stored?.type ?? 'kubernetes.io/tls',
    data: toSecretData(material),
  }
  if (stored === undefined) await api.create(SECRETS, manifest)
  else await api.replace(SECRETS, { ...manifest, metadata: { ...stored.metadata, ...manifest.metadata } })
}
