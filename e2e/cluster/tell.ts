/** Telling a container what to do, as its script waits for it. */
import type { Cluster } from './cluster.ts'

/** Of a command that ended because its container did. */
const KILLED = 137

/**
 * Writes to a file of the container's `/data`. A container that ends when it is told so takes the shell that told it
 * along, now and then before that one has said that it is done: what it was to write is written.
 *
 * @param pod its name, or `deployment/NAME` for any of them
 */
export async function tellPod(cluster: Pick<Cluster, 'kubectl'>, namespace: string, pod: string, file: string, text = ''): Promise<void> {
  const { code, stderr } = await cluster.kubectl(['exec', '-n', namespace, pod, '--', 'sh', '-c', `echo '${text}' > /data/${file}`])
  if (code !== 0 && code !== KILLED) throw new Error(`${namespace}/${pod} could not be told ${file}: ${stderr}`)
}
