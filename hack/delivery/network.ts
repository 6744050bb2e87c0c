/**
 * Who may reach the pods. Where they may go is left open: the addresses of API servers, kubelets and sources of metrics
 * are the cluster's, and a policy that shuts the operator out of its API server stops all healing without a word.
 */
import { Hole, Items } from './holes.ts'
import { meta, type Manifest } from './manifest.ts'
import { ALERTS_WANTED, alertsPort, NAMES, portOf, selecting, type Program } from './workloads.ts'

const tcp = (port: Hole) => ({ protocol: 'TCP', port })

export const networkPolicy = (program: Program): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: meta(NAMES[program], program),
  spec: {
    podSelector: { matchLabels: selecting(program) },
    policyTypes: ['Ingress'],
    ingress: [
      { ports: [tcp(portOf('config.metricsBindAddress'))], from: new Hole('with', '$.Values.networkPolicy.metricsFrom') },
      // Kubelets ask from the node, API servers from where they run: neither has an address that is known here.
      { ports: [tcp(portOf('config.healthProbeBindAddress')), ...(program === 'webhook' ? [tcp(portOf('config.webhook.bindAddress'))] : [])] },
      ...(program === 'controller' ? [new Items(ALERTS_WANTED, 'fails', [{ ports: [tcp(alertsPort)] }])] : []),
    ],
  },
})
