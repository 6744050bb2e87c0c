/** Objects of each kind that is patched, with something in every field that a patch might be after. Pure. */
import type { KindReference } from '../../api/v1alpha1/kinds.ts'
import { isObject } from '../../lib/json.ts'
import type { PatchContent } from './parse.ts'
import { CannotApply, own } from './members.ts'
import { tell } from './tested.ts'

type Members = Record<string, unknown>

/** The timings are the defaults: what a patch does not say is judged as such. */
const probe = (path: string): Members => ({ httpGet: { path, port: 8080, scheme: 'HTTP' }, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 })

/** Begins the names of variables that are known by their place alone. */
export const UNTOLD = 'item-'

const initContainer = (name: string): Members => ({
  name,
  image: 'registry.example/app:1',
  imagePullPolicy: 'IfNotPresent',
  command: ['/app'],
  args: ['--serve'],
  workingDir: '/srv',
  ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
  env: [
    { name: `${UNTOLD}0`, value: 'info' },
    { name: `${UNTOLD}1`, valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
  ],
  envFrom: [{ configMapRef: { name: 'settings' } }],
  resources: { limits: { cpu: '500m', memory: '256Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
  volumeMounts: [{ name: 'data', mountPath: '/data' }],
  securityContext: { allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: { drop: ['ALL'] } },
})

const container = (name: string): Members => ({
  ...initContainer(name),
  livenessProbe: probe('/live'),
  readinessProbe: probe('/ready'),
  startupProbe: probe('/started'),
  lifecycle: { preStop: { exec: { command: ['/app', 'stop'] } } },
})

const podSpec = (): Members => ({
  initContainers: [initContainer('init')],
  containers: [container('app'), container('side')],
  volumes: [{ name: 'data', emptyDir: {} }],
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 30,
  dnsPolicy: 'ClusterFirst',
  nodeSelector: { disk: 'ssd' },
  serviceAccountName: 'default',
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true, runAsUser: 1000 },
  imagePullSecrets: [{ name: 'registry' }],
  hostAliases: [{ ip: '10.0.0.9', hostnames: ['db'] }],
  tolerations: [{ key: 'batch', operator: 'Exists', effect: 'NoSchedule' }],
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { app: 'sample' } } }],
  schedulerName: 'default-scheduler',
})

const labels = (): Members => ({ app: 'sample', tier: 'web' })
const metadata = (): Members => ({ name: 'sample', namespace: 'sample', labels: labels(), annotations: { note: 'as it was', 'example.com/team': 'shop' }, finalizers: ['example.com/hold'] })
const workload = (kind: string, spec: Members): Members => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: metadata(),
  spec: { selector: { matchLabels: { app: 'sample' } }, template: { metadata: { labels: labels(), annotations: { note: 'as it was' } }, spec: podSpec() }, revisionHistoryLimit: 10, minReadySeconds: 0, ...spec },
})

const rolling = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } as const
const claim = { metadata: { name: 'claimed' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } as const

const SAMPLES: Readonly<Record<string, () => Members>> = {
  Pod: () => ({ apiVersion: 'v1', kind: 'Pod', metadata: metadata(), spec: podSpec() }),
  Deployment: () => workload('Deployment', { replicas: 3, paused: true, progressDeadlineSeconds: 600, strategy: structuredClone(rolling) }),
  StatefulSet: () => workload('StatefulSet', { replicas: 3, serviceName: 'sample', podManagementPolicy: 'OrderedReady', updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } }, volumeClaimTemplates: [structuredClone(claim)] }),
  DaemonSet: () => workload('DaemonSet', { updateStrategy: structuredClone(rolling) }),
}

/** A new one; undefined: of this kind nothing is patched. */
export const sampleOf = ({ kind }: Pick<KindReference, 'kind'>): Members | undefined => (Object.hasOwn(SAMPLES, kind) ? SAMPLES[kind]?.() : undefined)

/** No object has more, and none is made larger for a patch. */
const MOST_ITEMS = 64

/**
 * Brings into the sample what the patch is about: containers and variables by name or place, what it would replace or remove, and
 * what its `test`s say that is there. `cannot`: half a sentence.
 */
export function fit(sample: Members, content: PatchContent): { readonly object: Members } | { readonly cannot: string } {
  if (content.type === 'strategic') fitNames(sample, content.body)
  if (content.type === 'json') {
    for (const operation of content.body) {
      if (!isObject(operation)) continue
      fitPointer(sample, operation['path'], operation['op'] !== 'add')
      fitPointer(sample, operation['from'], true)
    }
    try {
      tell(sample, content.body)
    } catch (error) {
      if (error instanceof CannotApply) return { cannot: error.message }
      throw error
    }
  }
  return { object: sample }
}

const MADE: Readonly<Record<string, (name: string) => Members>> = { containers: container, initContainers: initContainer, env: (name) => ({ name, value: 'as it was' }) }

/** Named items come first, in the order of the patch: which order a live object has nobody knows yet. */
function fitNames(here: Members, patch: Readonly<Members>): void {
  for (const [key, value] of Object.entries(patch)) {
    const now = own(here, key)
    if (isObject(now) && isObject(value)) fitNames(now, value)
    const make = own(MADE, key) as ((name: string) => Members) | undefined
    if (make === undefined || !Array.isArray(now) || !Array.isArray(value)) continue
    const items: unknown[] = now
    const named = value.filter((item): item is Members & { name: string } => isObject(item) && typeof item['name'] === 'string')
    const names = [...new Set(named.map(({ name }) => name))]
    const found = names.map((name) => items.find((item) => isObject(item) && item['name'] === name) ?? make(name))
    here[key] = [...found, ...items.filter((item) => !(isObject(item) && names.includes(String(item['name']))))]
    for (const item of named) {
      const place = found[names.indexOf(item.name)]
      if (isObject(place)) fitNames(place, item)
    }
  }
}

/** What stands in the way (a text where the path goes on, a place that is no number) stays: the patch fails on it. */
function fitPointer(sample: Members, pointer: unknown, isThere: boolean): void {
  if (typeof pointer !== 'string' || !pointer.startsWith('/')) return
  const tokens = pointer.slice(1).split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (tokens.length > MOST_ITEMS || tokens.includes('__proto__')) return
  let here: unknown = sample
  let list = ''
  for (const [index, token] of tokens.entries()) {
    const last = index === tokens.length - 1
    if (Array.isArray(here)) {
      if (!/^[0-9]{1,3}$/.test(token) || Number(token) >= MOST_ITEMS) return
      const make = own(MADE, list) as ((name: string) => Members) | undefined
      while (here.length <= Number(token)) here.push(make?.(`${UNTOLD}${here.length}`) ?? (isObject(here[0]) ? structuredClone(here[0]) : `${UNTOLD}${here.length}`))
      here = here[Number(token)] as unknown
    } else if (isObject(here)) {
      if (!Object.hasOwn(here, token) && (!last || isThere)) here[token] = last ? 'as it was' : /^([0-9]+|-)$/.test(tokens[index + 1] ?? '') ? [] : {}
      here = own(here, token)
    } else return
    list = token
  }
}
