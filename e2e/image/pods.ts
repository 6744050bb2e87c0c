/** Both programs in the cluster, from the product's image, with as few rights over their node as a pod can have. */
import { CONTROLLER_ACCOUNT, OPERATOR_NAMESPACE, WEBHOOK_ACCOUNT, WEBHOOK_SERVICE } from '../../shared/api/v1alpha1/names.ts'
import { PRODUCT_IMAGE } from './product.ts'

/** Whoever enforces it lets no pod in that asks for more. */
export const RESTRICTED = 'pod-security.kubernetes.io/enforce=restricted'
export const CONTROLLER = 'kubeskippy-controller'
export const WEBHOOK = 'kubeskippy-webhook'

const ACCOUNTS = { [CONTROLLER]: CONTROLLER_ACCOUNT, [WEBHOOK]: WEBHOOK_ACCOUNT } as const
export type ProgramPod = keyof typeof ACCOUNTS

/** @param args the image's entry takes them as the command line does */
const podSpec = (of: ProgramPod, args: readonly string[], ready = false): object => ({
  serviceAccountName: ACCOUNTS[of],
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [{
    name: 'program', image: PRODUCT_IMAGE, imagePullPolicy: 'Never', args,
    securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    ...(ready ? { readinessProbe: { httpGet: { path: '/readyz', port: 8081 }, periodSeconds: 1 }, livenessProbe: { httpGet: { path: '/livez', port: 8081 } } } : {}),
  }],
})

/** Runs to its end, once. */
export const pod = (name: string, of: ProgramPod, args: readonly string[]): object =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: OPERATOR_NAMESPACE }, spec: { ...podSpec(of, args), restartPolicy: 'Never' } })

export const deployment = (name: ProgramPod, args: readonly string[]): object => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: OPERATOR_NAMESPACE },
  spec: { selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: podSpec(name, args, true) } },
})

export const webhookService: object = {
  apiVersion: 'v1', kind: 'Service', metadata: { name: WEBHOOK_SERVICE, namespace: OPERATOR_NAMESPACE },
  spec: { selector: { app: WEBHOOK }, ports: [{ name: 'https', port: 443, targetPort: 9443 }] },
}

/** What the programs need beside themselves is applied before. */
export const programs = (): readonly object[] => [webhookService, deployment(WEBHOOK, ['webhook']), deployment(CONTROLLER, ['controller'])]
