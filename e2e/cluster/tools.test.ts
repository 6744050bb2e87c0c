import { expect } from 'chai'
import { debianKey } from './debian.ts'
import { ClusterError } from './errors.ts'
import { progressLine, span } from './progress.ts'
import { CHART_TOOLS, CONTROL_PLANE_TOOLS, describeTool, DNS_TOOLS, MONITORING_TOOLS, NODE_TOOLS, requiredVersion, SIMULATION_TOOLS, tool } from './tools.ts'

const GO_MOD = 'module m\n\ngo 1.26.0\n\nrequire (\n\tk8s.io/kubernetes v1.36.3 // indirect\n)\n'
const describe1 = (goMod: string, goSum = '') => describeTool('kubernetes', '/t', goMod, goSum)

describe('a tool', () => {
  it('has the version its go.mod requires, in a block or alone', () => {
    expect(requiredVersion(GO_MOD, 'k8s.io/kubernetes')).to.equal('1.36.3')
    expect(requiredVersion('require k8s.io/kubernetes v1.2.3\n', 'k8s.io/kubernetes')).to.equal('1.2.3')
    expect(requiredVersion(GO_MOD, 'k8s.io')).to.equal(undefined)
  })

  it('is cached under another name when its version, sums or flags differ', () => {
    const { key } = describe1(GO_MOD)
    expect(key).to.match(/^kubernetes-1\.36\.3-[0-9a-f]{12}$/)
    expect(describe1(GO_MOD).key).to.equal(key)
    expect(describe1(GO_MOD, 'k8s.io/kubernetes v1.36.3 h1:x').key).not.to.equal(key)
    expect(describe1(GO_MOD.replace('1.36.3', '1.36.4')).key).not.to.equal(key)
  })

  it('calls itself by its version', () => {
    expect(describe1(GO_MOD).flags.at(-1)).to.contain('gitVersion=v1.36.3').and.to.contain('gitMajor=1').and.to.contain('gitMinor=36')
  })

  it('is refused without a version', () => {
    expect(() => describe1('module m\ngo 1.26.0\n')).to.throw(ClusterError, 'restore it')
  })

  it('is committed with its sums, all of them', () => {
    for (const name of [...CONTROL_PLANE_TOOLS, ...NODE_TOOLS, ...MONITORING_TOOLS, ...DNS_TOOLS, ...CHART_TOOLS, ...SIMULATION_TOOLS]) {
      const { version, packages, files } = tool(name)
      expect(version, name).to.match(/^\d+\.\d+\.\d+$/)
      expect(packages.length, name).to.equal(files.length)
    }
  })
})

describe('progress', () => {
  it('says what, how long it usually takes, and how far', () => {
    expect(progressLine('building etcd 3.6.6 (1 of 4, usually about 27 s on 2 cores)', 0.734, 20)).to.equal('building etcd 3.6.6 (1 of 4, usually about 27 s on 2 cores): 73 %, 20 s so far')
  })

  it('promises no percentage that nobody knows, and never the last before the end', () => {
    expect(progressLine('t', undefined, 1)).to.equal('t: fetching its modules, 1 s so far')
    expect(progressLine('t', 1, 1)).to.contain('99 %')
  })

  it('speaks of minutes from a minute and a half', () => {
    expect([span(89), span(90), span(270), span(600)]).to.deep.equal(['89 s', '1.5 min', '4.5 min', '10 min'])
  })
})

describe('Debian packages', () => {
  it('of another release or machine are cached elsewhere', () => {
    const key = debianKey('VERSION_CODENAME=bookworm\n', 'x64')
    expect(key).to.match(/^debian-bookworm-/)
    expect(debianKey('VERSION_CODENAME="trixie"\n', 'x64')).to.match(/^debian-trixie-/)
    expect(debianKey('VERSION_CODENAME=bookworm\n', 'arm64')).not.to.equal(key)
  })
})
