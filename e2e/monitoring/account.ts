/** Who a monitoring program is at the API server and the kubelet: a ServiceAccount with the rights of its upstream manifests. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'
import { ClusterError } from '../cluster/errors.ts'
import { lastLines } from '../cluster/exec.ts'
import { tokenKubeconfig } from '../installation/files.ts'

/** The audit log leaves out what accounts of this namespace read. */
export const SYSTEM_NAMESPACE = 'kube-system'

export interface Account {
  readonly tokenFile: string
  readonly kubeconfig: string
}

export interface Rule {
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
  readonly verbs: readonly string[]
}

const RBAC = 'rbac.authorization.k8s.io'

export async function makeAccount(cluster: Cluster, name: string, rules: readonly Rule[]): Promise<Account> {
  await apply(cluster,
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: SYSTEM_NAMESPACE } },
    { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name: `system:${name}` }, rules },
    clusterRoleBinding(`system:${name}`, `system:${name}`, name))
  const token = (await kubectl(cluster, ['create', 'token', name, '--namespace', SYSTEM_NAMESPACE, '--duration', '8760h'])).trim()
  const account = { tokenFile: join(cluster.dir, `${name}.token`), kubeconfig: join(cluster.dir, `${name}.kubeconfig`) }
  writeFileSync(account.tokenFile, token, { mode: 0o600 })
  writeFileSync(account.kubeconfig, tokenKubeconfig({ server: cluster.server, caFile: cluster.caFile, user: name, token }), { mode: 0o600 })
  return account
}

export const subject = (name: string): object => ({ kind: 'ServiceAccount', name, namespace: SYSTEM_NAMESPACE })

export const clusterRoleBinding = (name: string, role: string, account: string): object => ({
  apiVersion: `${RBAC}/v1`, kind: 'ClusterRoleBinding', metadata: { name },
  roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role }, subjects: [subject(account)],
})

export async function apply(cluster: Cluster, ...objects: readonly object[]): Promise<void> {
  await kubectl(cluster, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
}

export async function kubectl(cluster: Cluster, args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input === undefined ? {} : { input })
  if (code !== 0) throw new ClusterError(`kubectl ${args.slice(0, 3).join(' ')} failed: ${lastLines(stderr, 3)}`)
  return stdout
}
