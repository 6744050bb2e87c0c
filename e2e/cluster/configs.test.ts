import { expect } from 'chai'
import { parseHierarchies } from './cgroups.ts'
import { CONTROLLER_USER } from '../../shared/api/v1alpha1/names.ts'
import { auditPolicy, containerdConfig, kubeletConfig } from './configs.ts'
import { isNodeReady } from './node.ts'
import { networkOf, portsOf, type ClusterPlan } from './spec.ts'

const plan: ClusterPlan = { name: 'dev', slot: 3, dir: '/state/dev', node: true, ports: portsOf(3), network: networkOf(3), apiServerArgs: [], cgroup: '/kubeskippy-3' }

describe('the components', () => {
  it('write below the directory of their cluster', () => {
    const kubelet = JSON.parse(kubeletConfig(plan, { crashLoopSeconds: 8 })) as Record<string, unknown>
    for (const field of ['resolvConf', 'podLogsDir', 'volumePluginDir', 'tlsCertFile']) expect(kubelet[field], field).to.match(/^\/state\/dev\//)
    const paths = [...containerdConfig(plan, { runc: '/cache/runc', cniDir: '/cache/cni', snapshotter: 'overlayfs' }).matchAll(/"(\/[^"]*)"/g)].map((match) => match[1])
    expect(paths).to.have.length.above(6)
    for (const path of paths) expect(path).to.match(/^\/(state\/dev|cache)\//)
  })

  it('keep the pods of a cluster in a cgroup of its own', () => {
    expect(JSON.parse(kubeletConfig(plan, { crashLoopSeconds: 8 }))).to.deep.include({ cgroupRoot: '/kubeskippy-3', crashLoopBackOff: { maxContainerRestartPeriod: '8s' } })
  })

  it('record evictions and our own objects in full, and nothing of the harness', () => {
    const { rules } = JSON.parse(auditPolicy()) as { rules: { level: string; omitStages: string[]; users?: string[]; resources?: { group: string; resources?: string[] }[] }[] }
    expect(rules[0]).to.deep.include({ level: 'None', users: ['kubeskippy-harness'] })
    expect(rules.at(-1)).to.deep.include({ level: 'Metadata' })
    // What our controller asked for is told before it is answered; of anybody else one line is enough.
    expect(rules.filter(({ omitStages }) => !omitStages.includes('RequestReceived')).map(({ users }) => users)).to.deep.equal([[CONTROLLER_USER]])
    const whole = rules.filter(({ level }) => level === 'RequestResponse')
    expect(whole.filter(({ users }) => users === undefined).flatMap(({ resources = [] }) => resources)).to.deep.equal([{ group: '', resources: ['pods/eviction'] }, { group: 'kubeskippy.io' }, { group: '', resources: ['namespaces'] }, { group: 'policy', resources: ['poddisruptionbudgets'] }, { group: '', resources: ['configmaps'] }, { group: '', resources: ['pods'] }, { group: 'apps', resources: ['deployments', 'replicasets', 'statefulsets', 'daemonsets'] }])
    expect(whole.flatMap(({ users }) => users ?? [])).to.deep.equal([CONTROLLER_USER])
  })
})

describe('cgroup hierarchies', () => {
  it('are found on hybrid and on unified systems', () => {
    expect(parseHierarchies('30 23 0:25 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n31 23 0:26 / /sys/fs/cgroup/unified rw shared:4 - cgroup2 cgroup2 rw\n22 1 0:21 / /proc rw - proc proc rw\n'))
      .to.deep.equal([{ mount: '/sys/fs/cgroup/cpu', version: 1 }, { mount: '/sys/fs/cgroup/unified', version: 2 }])
    expect(parseHierarchies('30 23 0:25 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n')).to.deep.equal([{ mount: '/sys/fs/cgroup', version: 2 }])
  })
})

describe('a node', () => {
  it('is ready when it says so', () => {
    const node = (status: string) => JSON.stringify({ status: { conditions: [{ type: 'MemoryPressure', status: 'True' }, { type: 'Ready', status }] } })
    expect(isNodeReady(node('True'))).to.equal(true)
    expect(isNodeReady(node('False'))).to.equal(false)
    expect(isNodeReady('{"kind":"Status"}')).to.equal(false)
    expect(isNodeReady(undefined)).to.equal(false)
  })
})
