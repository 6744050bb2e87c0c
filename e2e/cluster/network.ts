/** The host's side of the network: which links and routes there are, and the link to a node. */
import { createServer } from 'node:net'
import { ClusterError } from './errors.ts'
import { exec, must } from './exec.ts'
import type { Network } from './spec.ts'
import { waitFor } from './wait.ts'

export async function hostLinks(): Promise<readonly string[]> {
  const links = JSON.parse(await must('ip', ['-json', 'link', 'show'])) as readonly { ifname: string }[]
  return links.map((link) => link.ifname)
}

export async function hostRoutes(): Promise<readonly string[]> {
  const routes = JSON.parse(await must('ip', ['-json', '-4', 'route', 'show'])) as readonly { dst: string }[]
  return routes.map((route) => route.dst)
}

/** Joins the host and the network namespace of a process. The link, and with it every route, ends with the namespace. */
export async function joinNode({ network, pid }: NodeEnd): Promise<void> {
  const prefix = network.nodeCidr.replace(/^.*\//, '')
  await must('ip', ['-batch', '-'], { input: [
    `link add ${network.link} type veth peer name eth0 netns ${pid}`,
    `addr add ${network.hostIp}/${prefix} dev ${network.link}`,
    `link set ${network.link} up`,
    '',
  ].join('\n') })
  await must('nsenter', ['--target', String(pid), '--net', 'ip', '-batch', '-'], { input: [
    'link set lo up',
    `addr add ${network.nodeIp}/${prefix} dev eth0`,
    'link set eth0 up',
    `route add default via ${network.hostIp}`,
    '',
  ].join('\n') })
  // So that processes of the host (webhook tests, a browser) reach pods.
  await must('ip', ['route', 'add', network.podCidr, 'via', network.nodeIp])
  await must('nsenter', ['--target', String(pid), '--net', 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward'])
}

/** A link from node to node, without addresses of its own: each reaches the other and its pods by it. */
export async function joinNodes([one, other]: readonly [NodeEnd, NodeEnd]): Promise<void> {
  await must('ip', ['link', 'add', 'eth1', 'netns', String(one.pid), 'type', 'veth', 'peer', 'name', 'eth1', 'netns', String(other.pid)])
  for (const [here, there] of [[one, other], [other, one]] as const) {
    await must('nsenter', ['--target', String(here.pid), '--net', 'ip', '-batch', '-'], { input: [
      'link set eth1 up',
      `route add ${there.network.nodeIp}/32 dev eth1 src ${here.network.nodeIp}`,
      `route add ${there.network.podCidr} via ${there.network.nodeIp} dev eth1 onlink src ${here.network.nodeIp}`,
      '',
    ].join('\n') })
  }
}

export interface NodeEnd {
  readonly network: Network
  /** Of a process in its network namespace. */
  readonly pid: number
}

/** An address of the host that went with its link, on another one: who dialled it reaches the host as before. It ends with that link. */
export const moveAddress = async (address: string, link: string): Promise<void> => void (await must('ip', ['addr', 'add', `${address}/32`, 'dev', link]))

export async function removeLink(link: string): Promise<void> {
  // Its namespace may be taking it away at the same time.
  await waitFor({ timeout: 30_000, every: 100 }, async () => {
    const { code } = await exec('ip', ['link', 'show', link])
    if (code === 0) await exec('ip', ['link', 'delete', link])
    return code !== 0
  })
}

/** Whether a program could listen there now. */
export async function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => { resolve(false) })
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => { server.close(() => { resolve(true) }) })
  })
}

export async function arePortsFree(ports: readonly number[]): Promise<boolean> {
  return (await Promise.all(ports.map(isPortFree))).every(Boolean)
}

export async function assertPortFree(port: number): Promise<void> {
  if (!await isPortFree(port)) throw new ClusterError(`Port ${port} is taken: end what listens there (ss -ltnp 'sport = :${port}' names it), or leave the choice to the harness.`)
}
