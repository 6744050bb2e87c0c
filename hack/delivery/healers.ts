/** Namespaces that consent from the chart on: their healers, and policies to begin with. */
import { healerObjects } from '../../cli/healer.ts'
import { GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { CONTROLLER_ACCOUNT, HEALER_ACCOUNT, OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { Hole } from './holes.ts'
import { policyTemplate } from './templates.ts'
import type { Manifest } from './manifest.ts'
import { fromValue } from './values.ts'

/** Within `range $namespace := ...`. `sample` stands there in what is judged by tests. */
const namespace = (sample: string): Hole => new Hole('scalar', '$namespace | quote', sample)
const LABELS = { 'app.kubernetes.io/name': 'kubeskippy', 'app.kubernetes.io/part-of': 'kubeskippy' } as const

const SAMPLE = 'shop'

/** What `kubeskippy enable -n` makes. */
export const healers = healerObjects(SAMPLE).map(({ manifest }): Manifest => {
  const subjects = Array.isArray(manifest['subjects']) ? { subjects: manifest['subjects'].map((subject: object) => ({ ...subject, namespace: namespace(SAMPLE) })) } : {}
  return { ...manifest, metadata: { ...manifest.metadata, namespace: namespace(SAMPLE) }, ...subjects }
})

export const RBAC = 'rbac.authorization.k8s.io'

/** Constrained impersonation. Before it there is only the verb that lets the controller do whatever the healer may: in a Role for each namespace, so that it is nobody's anywhere else. */
export const CONSTRAINED = 'include "kubeskippy.constrained" $'

const LEGACY = 'kubeskippy-impersonation'
const legacyMeta = { name: LEGACY, namespace: namespace(SAMPLE), labels: { ...LABELS, 'app.kubernetes.io/component': 'healer' } }
export const legacyImpersonation: readonly Manifest[] = [
  { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: legacyMeta, rules: [{ apiGroups: [''], resources: ['serviceaccounts'], resourceNames: [HEALER_ACCOUNT], verbs: ['impersonate'] }] },
  { apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata: legacyMeta, roleRef: { apiGroup: RBAC, kind: 'Role', name: LEGACY }, subjects: [{ kind: 'ServiceAccount', name: CONTROLLER_ACCOUNT, namespace: OPERATOR_NAMESPACE }] },
]

/** Those of `config/policies` that need nothing but Kubernetes itself. */
const RECOMMENDED = ['crash-loop', 'not-ready', 'rollout-stuck', 'job-failed', 'volume-pending']

const matchLabels = new Hole('block', `(default (dict "${GROUP}/heal" "true") $.Values.policies.recommended.matchLabels)`, { [`${GROUP}/heal`]: 'true' })

/** In the files but for whose they are, and for the mode of those that can act. */
export const recommended: readonly Manifest[] = RECOMMENDED.map(policyTemplate).map(({ apiVersion, kind, metadata, spec }) => ({
  apiVersion,
  kind,
  metadata: { name: `recommended-${metadata.name}`, namespace: namespace(SAMPLE), labels: { ...LABELS, 'app.kubernetes.io/component': 'policy' } },
  spec: {
    ...spec,
    mode: spec.mode === 'dryrun' ? fromValue('policies.recommended.mode') : spec.mode,
    selector: { ...spec.selector, labelSelector: { matchLabels } },
  },
}))
