/** Where the kubelet of a node listens, as its Node object says. Pure but for Node's notion of an address. */
import { BlockList, isIP } from 'node:net'
import type { KubeObject } from '../../../shared/kube/api.ts'
import { isObject } from '../../../shared/lib/json.ts'
import { printable } from '../../../shared/lib/text.ts'

export type KubeletAddress = { readonly kind: 'Address'; /** Scheme, host and port. */ readonly origin: string } | { readonly kind: 'None'; readonly why: string }

/** No node has such an address; a cloud's service that hands out credentials has. */
const NEVER = new BlockList()
NEVER.addAddress('0.0.0.0')
NEVER.addAddress('::', 'ipv6')
NEVER.addSubnet('169.254.0.0', 16)
NEVER.addSubnet('fe80::', 10, 'ipv6')
NEVER.addSubnet('224.0.0.0', 3)
NEVER.addSubnet('ff00::', 8, 'ipv6')

/** Only an address of the cluster's own network, and no name, which somebody else may resolve. */
export function kubeletAddress(node: KubeObject): KubeletAddress {
  const { status } = node as { status?: unknown }
  const none = (what: string): KubeletAddress => ({ kind: 'None', why: `node ${printable(node.metadata.name)} ${what}` })
  const { addresses, daemonEndpoints } = isObject(status) ? status : {}
  const internal = (Array.isArray(addresses) ? addresses.filter(isObject) : []).find(({ type }) => type === 'InternalIP')?.['address']
  const endpoint = isObject(daemonEndpoints) ? daemonEndpoints['kubeletEndpoint'] : undefined
  const port = isObject(endpoint) ? endpoint['Port'] : undefined
  if (typeof internal !== 'string') return none('has no InternalIP')
  const family = isIP(internal)
  // A zone leads to a link of this machine.
  if (family === 0 || internal.includes('%')) return none(`has an InternalIP that is no address: ${printable(internal, 60)}`)
  if (NEVER.check(internal, family === 6 ? 'ipv6' : 'ipv4')) return none(`has an InternalIP that no node can have: ${internal}`)
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) return none('does not say on which port its kubelet listens')
  return { kind: 'Address', origin: `https://${family === 6 ? `[${internal}]` : internal}:${port}` }
}
