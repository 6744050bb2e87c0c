import { expect } from 'chai'
import { KNOWN_KINDS, nameOf } from '../../api/v1alpha1/kinds.ts'
import { check, testPolicy } from '../test-policy.ts'
import { canHave, CONDITIONS_OF_KINDS, kindsWith } from './kind-conditions.ts'
import { ks204 } from './ks204-fires-when-healthy.ts'
import { ks207 } from './ks207-condition-type.ts'

const at = 'spec.triggers[0].conditionTrigger'
const select = (...kinds: [string, string][]) => ({ labelSelector: { matchLabels: { app: 'cart' } }, resources: kinds.map(([apiVersion, kind]) => ({ apiVersion, kind })) })
const POD: [string, string] = ['v1', 'Pod']
const DEPLOYMENT: [string, string] = ['apps/v1', 'Deployment']
const STATEFUL_SET: [string, string] = ['apps/v1', 'StatefulSet']

const CLAIM: [string, string] = ['v1', 'PersistentVolumeClaim']

const policyOf = (kinds: [string, string][], type: string) => testPolicy({ selector: select(...kinds), condition: { type } })

describe('conditions of kinds', () => {
  it('are of kinds that selectors may name', () => {
    expect(KNOWN_KINDS.map(nameOf)).to.include.members(Object.keys(CONDITIONS_OF_KINDS))
  })
  for (const type of ['constructor', '__proto__', 'toString']) {
    it(`${type} is a condition of none`, () => {
      expect(canHave({ apiVersion: 'apps/v1', kind: 'Deployment' }, type)).to.equal(false)
      expect(kindsWith(type)).to.deep.equal([])
    })
  }
})

describe('KS207 by the selected kinds', () => {
  const passes: [string, [string, string][]][] = [
    ['Available', [DEPLOYMENT]],
    ['Progressing', [DEPLOYMENT]],
    ['ReplicaFailure', [POD, DEPLOYMENT]],
    ['Ready', [DEPLOYMENT]],
    ['CrashLoopBackOff', [STATEFUL_SET]],
    ['example.com/gate', [DEPLOYMENT]],
    ['Pending', [CLAIM]],
    ['Lost', [CLAIM, DEPLOYMENT]],
    ['Resizing', [CLAIM]],
  ]
  for (const [type, kinds] of passes) it(`${type} of ${kinds.flat().join(' ')} passes`, () => expect(check(ks207, { selector: select(...kinds), condition: { type, status: 'True' } })).to.deep.equal([]))

  const refused: [string, [string, string][], string][] = [
    ['Available', [POD], 'pods have no condition "Available"'],
    ['Available', [STATEFUL_SET], 'neither apps/v1 StatefulSet nor its pods have a condition "Available"'],
    ['Pending', [POD], 'pods have no condition "Pending"'],
    ['Bound', [CLAIM], 'v1 PersistentVolumeClaim has no condition "Bound"'],
    ['Availible', [DEPLOYMENT], 'neither apps/v1 Deployment nor its pods have a condition "Availible"'],
  ]
  for (const [type, kinds, what] of refused) {
    it(`${type} of ${kinds.flat().join(' ')} is refused`, () => expect(check(ks207, { selector: select(...kinds), condition: { type } })).to.deep.equal([`${at}.type: ${what}`]))
  }
  it('the kind that has it is offered', () => {
    const [finding] = ks207.check(policyOf([POD], 'Available'), {} as never)
    expect(finding?.fix).to.equal('select apps/v1 Deployment, which has it')
  })
  it('the nearest condition of the selected kind is offered', () => {
    const [finding] = ks207.check(policyOf([DEPLOYMENT], 'Availible'), {} as never)
    expect(finding?.fix).to.equal('did you mean Available?')
  })
})

describe('KS207 about conditions that are never False', () => {
  const JOB: [string, string] = ['batch/v1', 'Job']
  for (const [type, ...kinds] of [['ReplicaFailure', DEPLOYMENT], ['Failed', JOB], ['PodResizePending', POD], ['Resizing', CLAIM], ['ReplicaFailure', POD, DEPLOYMENT]] as [string, ...[string, string][]][]) {
    it(`${type} of ${kinds.flat().join(' ')} is warned about with False and Unknown, not with True`, () => {
      const said = (status: 'True' | 'False' | 'Unknown') => check(ks207, { mode: 'monitor', selector: select(...kinds), condition: { type, status } })
      expect(said('True')).to.deep.equal([])
      for (const status of ['False', 'Unknown'] as const) expect(said(status)).to.deep.equal([`W ${at}.status: ${type} is never ${status}`])
    })
  }
  // The disruption controller sets DisruptionTarget to False when nothing came of it; of a custom resource nobody knows.
  for (const [type, ...kinds] of [['DisruptionTarget', POD], ['Suspended', JOB], ['Failed', JOB, ['example.com/v1', 'Backup']], ['Available', DEPLOYMENT]] as [string, ...[string, string][]][]) {
    it(`${type} of ${kinds.flat().join(' ')} passes with False`, () => expect(check(ks207, { mode: 'monitor', selector: select(...kinds), condition: { type, status: 'False' } })).to.deep.equal([]))
  }
})

describe('KS204 by the selected kinds', () => {
  it('a volume claim that is not Pending is healthy', () => {
    expect(check(ks204, { selector: select(CLAIM), condition: { type: 'Pending', status: 'False' } })).to.deep.equal([`${at}.status: Pending is False on every healthy PersistentVolumeClaim`])
    expect(check(ks204, { selector: select(CLAIM), condition: { type: 'Lost' } })).to.deep.equal([])
  })
  it('a Deployment that is Available is healthy', () => {
    expect(check(ks204, { selector: select(DEPLOYMENT), condition: { type: 'Available' } })).to.deep.equal([`${at}.status: Available is True on every healthy Deployment`])
    expect(check(ks204, { selector: select(DEPLOYMENT), condition: { type: 'Available', status: 'False' } })).to.deep.equal([])
  })
  it('of a Deployment that has no such condition its pods are meant', () => {
    expect(check(ks204, { selector: select(DEPLOYMENT), condition: { type: 'Ready' } })).to.deep.equal([`${at}.status: Ready is True on every healthy pod`])
  })
})
