/** The product's image installed on a real node, by Helm or by kubectl, and what is left of it. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { kubectl } from '../cli/access.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { existing } from '../cluster/existing.ts'
import type { Reporter } from '../cluster/build.ts'
import { ClusterError } from '../cluster/errors.ts'
import { PRODUCT_IMAGE, productImage } from '../image/product.ts'
import { CHART, CONFIG, helmMust } from './helm.ts'

const partsOf = (image: string): readonly string[] => image.split(/:(?=[^/]*$)/)

/** In `images` of a kustomization. */
function overridden(image: string): object {
  const [newName, newTag] = partsOf(image)
  return { newName, newTag }
}

/** Values of the chart: what the harness has loaded into the node is run there. */
export function imageValues(image: string): object {
  const [repository, tag] = partsOf(image)
  return { image: { repository, tag, pullPolicy: existing() === undefined ? 'Never' : 'IfNotPresent' } }
}

/** Of the pods that are installed. */
export const installedImage = (): string => existing()?.image ?? PRODUCT_IMAGE

/** The image of the checkout's sources, on every node; in a cluster that somebody else runs it has to be there. */
export async function loadProduct(cluster: Cluster, report: Reporter): Promise<void> {
  if (cluster.isOwn) await cluster.loadImage((await productImage(report)).archive)
}

/** Where others work, nothing is touched that was there before. */
export async function assertVacant(cluster: Cluster): Promise<void> {
  const found = await kubectl(cluster, ['get', `namespace/${OPERATOR_NAMESPACE}`, 'namespace/shop', `crd/${healingPolicy.plural}.${GROUP}`, '--ignore-not-found', '-o', 'name'])
  if (found !== '') throw new ClusterError(`The cluster ${cluster.name} has ${found.trim().split('\n').join(', ')} already: this suite would change it. Take another one.`)
}

/** By Helm; returns when all pods are ready. */
export const release = (cluster: Cluster, verb: 'install' | 'upgrade', values: object = {}, chart = CHART): Promise<string> =>
  helmMust([verb, 'kubeskippy', chart, '--wait', '--timeout', '6m'], { kubeconfig: cluster.kubeconfig, values: { ...imageValues(installedImage()), ...values } })

/** By a kustomization with `config` as its base, as the guide has it; returns when all pods are ready. */
export async function applyConfig(cluster: Cluster): Promise<void> {
  const overlay = mkdtempSync(join(tmpdir(), 'kubeskippy-overlay-'))
  try {
    // A base may be anywhere, but is never named by an absolute path.
    writeFileSync(join(overlay, 'kustomization.yaml'), JSON.stringify({ resources: [relative(realpathSync(overlay), CONFIG)], images: [{ name: 'kubeskippy', ...overridden(PRODUCT_IMAGE) }] }))
    await kubectl(cluster, ['apply', '--server-side', '-k', overlay])
  } finally {
    rmSync(overlay, { recursive: true, force: true })
  }
  await kubectl(cluster, ['-n', OPERATOR_NAMESPACE, 'rollout', 'status', '--timeout=300s', 'deployment/kubeskippy-webhook', 'deployment/kubeskippy-controller-manager'])
}

/** Kinds of whose objects some are ours, or could be. */
const KINDS = [
  'namespaces', 'clusterroles', 'clusterrolebindings', 'mutatingwebhookconfigurations', 'validatingwebhookconfigurations', 'validatingadmissionpolicies', 'validatingadmissionpolicybindings', 'crd', 'priorityclasses',
  'deployments', 'replicasets', 'pods', 'services', 'endpointslices', 'configmaps', 'secrets', 'leases', 'serviceaccounts', 'roles', 'rolebindings', 'pdb', 'networkpolicies',
]

/** Everything in the cluster that has our name in its own or its namespace's, or is of our kinds; `kind/name` or `namespace/kind/name`. */
export async function leftOvers(cluster: Cluster): Promise<string[]> {
  const known = (await kubectl(cluster, ['api-resources', '--api-group', GROUP, '-o', 'name'])).split('\n').filter((name) => name !== '')
  const rows = await kubectl(cluster, ['get', '-A', [...KINDS, ...known].join(','), '-o', 'jsonpath={range .items[*]}{.metadata.namespace}/{.kind}/{.metadata.name}{"\\n"}{end}'])
  return rows.split('\n').map((row) => row.replace(/^\//, '')).filter((row) => row.includes('skippy') || /Healing/.test(row)).toSorted()
}
