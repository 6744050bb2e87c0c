/** The harness itself, on this machine. Takes a minute or so; needs root. */
import { expect } from 'chai'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename, join } from 'node:path'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { hierarchies } from './cgroups.ts'
import { OUR_PROGRAMS } from './cleanup.ts'
import { openCluster, startCluster, sweepClusters, type Cluster } from './cluster.ts'
import { ClusterError, messageOf } from './errors.ts'
import { exec } from './exec.ts'
import { openExisting } from './existing.ts'
import { clusterDir } from './paths.ts'
import { recorded } from './processes.ts'
import { BUSYBOX_IMAGE, nodePlans, type ClusterPlan } from './spec.ts'
import { listClusters, planOf } from './state.ts'
import { waitFor } from './wait.ts'

const quiet = { log: () => {} }

function pod(name: string, command: string, overrides: Record<string, unknown> = {}): string {
  const container = { name: 'main', image: BUSYBOX_IMAGE, imagePullPolicy: 'Never', command: ['sh', '-c', command], ...overrides }
  return JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name } }, spec: { terminationGracePeriodSeconds: 0, containers: [container] } })
}

async function kubectl(cluster: Cluster, args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input === undefined ? {} : { input })
  expect(code, `kubectl ${args.join(' ')}: ${stderr}`).to.equal(0)
  return stdout
}

async function runPod(cluster: Cluster, name: string, command: string, overrides?: Record<string, unknown>): Promise<void> {
  await kubectl(cluster, ['apply', '-f', '-'], pod(name, command, overrides))
  await kubectl(cluster, ['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=150s'])
}

async function jsonpath(cluster: Cluster, object: string, path: string): Promise<string> {
  return kubectl(cluster, ['get', object, '-o', `jsonpath={${path}}`])
}

/** Nothing, or what is still there of a removed cluster after the kernel has had its time: removal is a promise, its speed is not. */
async function leftOf(plan: ClusterPlan): Promise<readonly string[]> {
  let found: readonly string[] = []
  await waitFor({ timeout: 120_000, every: 250 }, async () => {
    found = await traces(plan)
    return found.length === 0
  })
  return found
}

/** Every kind of thing a cluster of that plan leaves on the machine. */
async function traces(plan: ClusterPlan): Promise<readonly string[]> {
  const nodes = nodePlans(plan)
  const found: string[] = []
  if (existsSync(plan.dir)) found.push(plan.dir)
  const ip = async (...args: string[]) => (await exec('ip', args)).stdout.split('\n').map((line) => line.trim())
  for (const line of [...await ip('link'), ...await ip('route', 'show', 'table', 'all')]) {
    if (nodes.some(({ network: { link } }) => line.includes(`${link}@`) || line.includes(`dev ${link} `))) found.push(line)
  }
  for (const { mount } of hierarchies()) found.push(...nodes.map(({ cgroup }) => join(mount, cgroup)).filter(existsSync))
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const read = (file: string, by: (path: string) => string = (path) => readFileSync(path, 'utf8')) => {
      try {
        return by(`/proc/${pid}/${file}`)
      } catch {
        return ''
      }
    }
    const cmdline = read('cmdline')
    // Not whatever speaks of the directory: somebody may be looking at a log, or for a process.
    const program = basename(read('exe', readlinkSync).replace(/ \(deleted\)$/, ''))
    if (cmdline.includes(`${plan.dir}/`) && STARTED_BY_US.includes(program)) found.push(`process ${pid}: ${cmdline.replaceAll('\0', ' ')}`)
    // Whatever runs on the node, under any name: its mount namespace is the cluster's.
    if (read('mountinfo').includes(`${plan.dir}/`)) found.push(`mounts of process ${pid}: ${cmdline.replaceAll('\0', ' ')}`)
  }
  return found
}

const STARTED_BY_US = [...OUR_PROGRAMS, 'kubectl', 'unshare', 'nsenter', 'runc']

interface AuditEvent {
  readonly verb: string
  readonly user: { readonly username: string }
  readonly objectRef?: { readonly resource: string; readonly name: string; readonly subresource?: string }
}

/** One that is being written right now is not there yet. */
function auditEntries(cluster: Cluster): readonly AuditEvent[] {
  return readFileSync(cluster.auditLog, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as AuditEvent)
}

/** Of this run: another one on the same machine would remove it, or find its place taken. */
const ownName = (word: string): string => `${word}-${process.pid}`

/** A process of its own that starts an ephemeral cluster and says so when it is up. */
async function ownerProcess(name: string): Promise<{ readonly end: (signal: NodeJS.Signals) => Promise<void> }> {
  const script = `import { startCluster } from ${JSON.stringify(join(import.meta.dirname, 'cluster.ts'))}
    await startCluster({ name: ${JSON.stringify(name)}, log: () => {} })
    console.log('up')
    setInterval(() => {}, 60_000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said += text })
  const early = once(child, 'exit').then(([code]) => { throw new Error(`the owner ended with ${String(code)} before its cluster was up: ${said}`) })
  early.catch(() => {})
  await Promise.race([once(child.stdout, 'data'), early])
  return {
    end: async (signal) => {
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
    },
  }
}

describe('a local cluster', function () {
  this.timeout(720_000)
  let cluster: Cluster
  before(async () => { cluster = await startCluster({ ...quiet, crashLoopSeconds: 2 }) })
  after(async () => { await cluster?.stop() })

  it('runs a pod of the demo image, with logs and exec', async () => {
    await runPod(cluster, 'hello', 'echo hello from a pod; sleep 3600')
    // A container runs before its first word is in the log.
    await eventually(async () => expect(await kubectl(cluster, ['logs', 'hello'])).to.equal('hello from a pod\n'), seconds(60))
    expect(await kubectl(cluster, ['exec', 'hello', '--', 'sh', '-c', 'echo $((6 * 7))'])).to.equal('42\n')
  })

  it('kills a container at its memory limit and says so', async () => {
    await kubectl(cluster, ['apply', '-f', '-'], pod('greedy', 'sleep 1; tail /dev/zero', { resources: { limits: { memory: '32Mi' } } }))
    let last: { readonly reason: string; readonly exitCode: number } | undefined
    // The container's end and the news of the memory limit come to containerd by two ways: now and then the first is the faster one.
    await waitFor({ timeout: 150_000, every: 500 }, async () => {
      const { terminated } = JSON.parse(await jsonpath(cluster, 'pod/greedy', '.status.containerStatuses[0].lastState') || '{}') as { terminated?: typeof last }
      last = terminated
      return last?.reason === 'OOMKilled'
    })
    expect(last).to.deep.include({ reason: 'OOMKilled', exitCode: 137 })
  })

  it('starts a crashing container again within seconds, not minutes', async () => {
    await kubectl(cluster, ['apply', '-f', '-'], pod('crashing', 'exit 1'))
    const restarts = await waitFor({ timeout: 150_000, every: 500 }, async () => Number(await jsonpath(cluster, 'pod/crashing', '.status.containerStatuses[0].restartCount')) >= 4)
    expect(restarts).to.equal(true)
  })

  it('routes services to pods, inside and across pods', async () => {
    await runPod(cluster, 'web', 'mkdir /www; echo served > /www/index.html; httpd -f -p 8080 -h /www')
    await kubectl(cluster, ['expose', 'pod', 'web', '--port=80', '--target-port=8080'])
    const address = await jsonpath(cluster, 'service/web', '.spec.clusterIP')
    const answer = await waitFor({ timeout: 150_000, every: 500 }, async () => {
      const { code, stdout } = await cluster.kubectl(['exec', 'hello', '--', 'timeout', '10', 'wget', '-qO-', `http://${address}/`])
      return code === 0 && stdout
    })
    expect(answer).to.equal('served\n')
    const podIp = await jsonpath(cluster, 'pod/web', '.status.podIP')
    expect(await (await fetch(`http://${podIp}:8080/`)).text(), 'from the host').to.equal('served\n')
  })

  it('lets pods reach a server on the host', async () => {
    const server = createServer((_, response) => response.end('from the host'))
    await once(server.listen(0, cluster.hostIp), 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    try {
      expect(await kubectl(cluster, ['exec', 'hello', '--', 'timeout', '30', 'wget', '-qO-', `http://${cluster.hostIp}:${String(port)}/`])).to.equal('from the host')
    } finally {
      server.close()
    }
  })

  it('has written each act to the audit log before it answers, and nothing of its own', async () => {
    await kubectl(cluster, ['create', 'configmap', 'witness', '--from-literal=a=b'])
    const entries = auditEntries(cluster)
    expect(entries.some(({ verb, user, objectRef }) => verb === 'create' && user.username === 'admin' && objectRef?.resource === 'configmaps' && objectRef.name === 'witness')).to.equal(true)
    expect(entries.some(({ user }) => user.username === 'kubeskippy-harness')).to.equal(false)
  })

  it('records an eviction in full', async () => {
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'crashing', namespace: 'default' } }
    await kubectl(cluster, ['create', '--raw', '/api/v1/namespaces/default/pods/crashing/eviction', '-f', '-'], JSON.stringify(eviction))
    const entry = auditEntries(cluster).find(({ objectRef }) => objectRef?.subresource === 'eviction')
    expect(entry).to.deep.include({ level: 'RequestResponse' }).and.to.have.nested.property('requestObject.kind', 'Eviction')
  })

  it('acts as somebody else when asked to', async () => {
    const { code, stderr } = await cluster.kubectl(['get', 'secrets'], { as: 'system:serviceaccount:default:default' })
    expect(code).to.equal(1)
    expect(stderr).to.contain('Forbidden')
  })

  it('keeps its pods and its data when the API server crashes', async () => {
    const id = await jsonpath(cluster, 'pod/hello', '.status.containerStatuses[0].containerID')
    await cluster.restartApiServer()
    expect(await jsonpath(cluster, 'pod/hello', '.status.containerStatuses[0].containerID')).to.equal(id)
    await runPod(cluster, 'later', 'sleep 3600')
  })

  it('is found by others under its name', async () => {
    // It is asked whether it is ready: once, and now and then a busy one is not.
    await eventually(async () => expect((await openCluster(cluster.name))?.kubeconfig).to.equal(cluster.kubeconfig), seconds(60))
    expect(await openCluster('no-such')).to.equal(undefined)
  })

  it('does not share its name', async () => {
    const refused = await startCluster({ ...quiet, name: cluster.name }).catch((cause: unknown) => cause)
    expect(refused).to.be.instanceOf(ClusterError).with.property('message').that.contains('choose another name')
  })

  it('serves as a cluster of somebody else, by the context of its kubeconfig, and outlives who asked for it', async () => {
    const context = (await kubectl(cluster, ['config', 'current-context'])).trim()
    const there = { context, image: 'registry.example.com/kubeskippy:1' }
    const caller = { ...process.env, KUBECONFIG: cluster.kubeconfig }
    const found = await openExisting(there, { anywhere: true, ...quiet }, caller)
    expect(await kubectl(found, ['get', 'nodes', '-o', 'name'])).to.equal('node/node-0\n')
    expect([found.isOwn, found.nodes, found.server]).to.deep.equal([false, 1, cluster.server])
    expect(readFileSync(found.caFile, 'utf8')).to.equal(readFileSync(cluster.caFile, 'utf8'))
    expect(() => found.auditLog).to.throw(ClusterError, 'has no audit log')
    await found.stop()
    expect(existsSync(found.kubeconfig)).to.equal(false)
    await kubectl(cluster, ['get', 'nodes'])
    const said = async (opened: Promise<unknown>): Promise<string> => opened.then(() => '', messageOf)
    for (const options of [{}, { anywhere: true, nodes: 2 as const }, { anywhere: true, node: false }]) expect(await said(openExisting(there, options, caller))).to.contain('needs a cluster of its own')
    expect(await said(openExisting({ ...there, context: 'nowhere' }, { anywhere: true }, caller))).to.contain('There is no context nowhere')
  })

  it('runs beside another without either noticing', async () => {
    const before = await jsonpath(cluster, 'pod/hello', '.status.containerStatuses[0].containerID')
    const other = await startCluster(quiet)
    const plan = planOf(other)
    try {
      await runPod(other, 'hello', 'sleep 3600')
      await runPod(cluster, 'beside', 'sleep 3600')
      expect(await jsonpath(other, 'pods', '.items[*].metadata.name')).to.equal('hello')
      expect(planOf(cluster).network.podCidr).not.to.equal(plan.network.podCidr)
    } finally {
      await other.stop()
    }
    expect(await leftOf(plan)).to.deep.equal([])
    expect(await jsonpath(cluster, 'pod/hello', '.status.containerStatuses[0].containerID')).to.equal(before)
    expect(await jsonpath(cluster, 'pod/hello', '.status.containerStatuses[0].restartCount')).to.equal('0')
    expect(await kubectl(cluster, ['exec', 'hello', '--', 'echo', 'still here'])).to.equal('still here\n')
  })

  it('leaves no trace', async () => {
    const plan = planOf(cluster)
    expect(await traces(plan)).to.have.length.above(4)
    await cluster.stop()
    expect(await leftOf(plan)).to.deep.equal([])
    // Directories of the machine that had to be made go with the last cluster.
    expect(existsSync(join(plan.dir, '..')), 'the directory of all clusters').to.equal(listClusters().length > 0)
  })
})

describe('a run that ends early', function () {
  this.timeout(720_000)

  it('is cleaned up by the next when it was killed', async () => {
    const name = ownName('killed')
    const owner = await ownerProcess(name)
    const plan = planOf({ dir: clusterDir(name) })
    expect(await sweepClusters(() => {}), 'while its owner lives').not.to.include(name)
    await owner.end('SIGKILL')
    expect(recorded(plan.dir), 'its processes outlive it').to.have.length(8)
    const said: string[] = []
    const next = await startCluster({ node: false, log: (line) => { said.push(line) } })
    try {
      expect(said).to.include(`removed what a run that ended early left behind: ${name}`)
      expect(await leftOf(plan)).to.deep.equal([])
    } finally {
      await next.stop()
    }
  })

  it('cleans up itself when it was asked to end', async () => {
    const name = ownName('asked')
    const owner = await ownerProcess(name)
    const plan = planOf({ dir: clusterDir(name) })
    await owner.end('SIGTERM')
    expect(await leftOf(plan)).to.deep.equal([])
  })

  it('is told which port is taken', async () => {
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port ?? 0 : 0
    const refused = await startCluster({ ...quiet, node: false, port }).catch((cause: unknown) => cause)
    server.close()
    expect(refused).to.be.instanceOf(ClusterError).with.property('message').that.contains(`Port ${port} is taken`)
  })

  it('shows the end of the log of what does not start, and removes the rest', async () => {
    const refused = await startCluster({ ...quiet, name: ownName('broken'), node: false, apiServerArgs: ['--no-such-flag'] }).catch((cause: unknown) => cause)
    expect(refused).to.be.instanceOf(ClusterError).with.property('message').that.contains('unknown flag: --no-such-flag')
    expect(existsSync(clusterDir(ownName('broken')))).to.equal(false)
  })
})
