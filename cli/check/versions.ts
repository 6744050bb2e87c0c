/** Whether both programs are of one version, and this one of the same: what it checks, and how, is of its own. */
import { CONTROLLER_ACCOUNT, OPERATOR_NAMESPACE, WEBHOOK_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import type { KubeObject } from '../../shared/kube/api.ts'
import { DEPLOYMENTS } from '../../shared/kube/resources.ts'
import { printable } from '../../shared/lib/text.ts'
import { find } from '../reading.ts'
import { ok, warn, type Check } from './finding.ts'

interface Deployment extends KubeObject {
  readonly spec?: { readonly template?: { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } } }
}

/** Called as their accounts are. */
const PROGRAMS = [CONTROLLER_ACCOUNT, WEBHOOK_ACCOUNT]

export const versionsCheck: Check = {
  name: 'versions',
  run: async ({ api, version: own }) => {
    const deployments = await Promise.all(PROGRAMS.map((name) => find<Deployment>(api, DEPLOYMENTS, { namespace: OPERATOR_NAMESPACE, name })))
    const installed = deployments.flatMap((deployment) => {
      const version = deployment === undefined ? undefined : versionOf(deployment)
      return deployment === undefined || version === undefined ? [] : [{ name: deployment.metadata.name, version }]
    })
    // Beside a cluster, or of an image whose name tells nothing: nobody knows.
    const [first] = installed
    if (first === undefined) return []
    if (installed.some(({ version }) => version !== first.version)) {
      return [warn(installed.map(({ name, version }) => `${name} is ${printable(version)}`).join(', '), 'install both anew from one release: helm upgrade, or kubectl apply --server-side -k config')]
    }
    if (first.version === own) return [ok(`the programs and this command line are ${own}`)]
    return [warn(`the programs are ${printable(first.version)}, this command line is ${own}: what it finds and writes is that of another version`, 'take the command line of the version that is installed, or upgrade the installation')]
  },
}

const VERSION = /^v?(\d+\.\d+\.\d+.*)$/

/** By its label, by the tag of its image, or by the chart that it came with: an image that is named by its digest has no tag. */
function versionOf({ metadata, spec }: Deployment): string | undefined {
  const { labels = {} } = metadata
  const [container] = spec?.template?.spec?.containers ?? []
  const tag = /:([^:/]+)$/.exec((container?.image ?? '').replace(/@.*$/, ''))?.[1]
  const told = [labels['app.kubernetes.io/version'], tag, labels['helm.sh/chart']?.replace(/^kubeskippy-/, '')]
  return told.flatMap((text) => VERSION.exec(text ?? '')?.[1] ?? [])[0]
}
