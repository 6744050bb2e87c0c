/** KubeSkippy in a cluster, as its users have it: the image built from the checkout, installed by the Helm chart. */
import { basename, dirname } from 'node:path'
import { CONTROLLER_LEASE, OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { CHART, helm, helmMust } from '../chart/helm.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { ClusterError, messageOf } from '../cluster/errors.ts'
import { PRODUCT_IMAGE, type ProductImage } from '../image/product.ts'

export const RELEASE = 'kubeskippy'
const [repository = '', tag = ''] = PRODUCT_IMAGE.split(/:(?=[^/]*$)/)

export interface ReleaseOptions {
  readonly image: ProductImage
  /** The chart's value `config`. */
  readonly config: object
  /** Of all pods. */
  readonly podAnnotations?: Readonly<Record<string, string>>
}

/** Installs, or upgrades what is there. Returns when all of its pods are Ready. */
export async function installRelease(cluster: Cluster, { image, config, ...more }: ReleaseOptions): Promise<void> {
  await cluster.loadImage(image.archive)
  // The tag stays while the sources change: without this annotation an upgrade would restart nothing.
  const podAnnotations = { ...more.podAnnotations, 'kubeskippy.local/image': basename(dirname(image.archive)) }
  const values = { image: { repository, tag, pullPolicy: 'Never' }, config, controller: { podAnnotations }, webhook: { podAnnotations } }
  // The CRDs may be those of a KubeSkippy that ran beside the cluster.
  const flags = ['--create-namespace', '--force-conflicts', '--wait', '--timeout', '6m']
  await orSay(helmMust(['upgrade', '--install', RELEASE, CHART, ...flags], { kubeconfig: cluster.kubeconfig, values }))
}

export const hasRelease = async ({ kubeconfig }: Cluster): Promise<boolean> => (await helm(['status', RELEASE], { kubeconfig })).code === 0

/** The CRDs stay, and with them every policy. */
export async function removeRelease(cluster: Cluster): Promise<void> {
  await orSay(helmMust(['uninstall', RELEASE, '--wait'], { kubeconfig: cluster.kubeconfig }))
  // It would look like that of a controller that has died.
  await cluster.kubectl(['delete', 'lease', CONTROLLER_LEASE, '--namespace', OPERATOR_NAMESPACE, '--ignore-not-found'])
}

async function orSay(done: Promise<unknown>): Promise<void> {
  try {
    await done
  } catch (cause) {
    throw new ClusterError(messageOf(cause).trim(), { cause })
  }
}
