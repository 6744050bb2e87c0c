import { expect } from 'chai'
import type { HealingActionSpec, HealingActionStatus } from '../shared/api/v1alpha1/types.ts'
import { HEALING_ACTIONS } from '../shared/kube/resources.ts'
import { buildHealingAction } from '../shared/testing/builders/objects.ts'
import { setUpCli, type BenchOptions } from './testing/bench.ts'

const ACTION = { namespace: 'shop', name: 'cart-restart-aaaaaaaaaaaaaaaa' }

function setUp(given: Partial<HealingActionSpec> = {}, status?: HealingActionStatus, options: BenchOptions = {}) {
  const bench = setUpCli(options)
  const { apiVersion, kind, spec } = buildHealingAction({
    spec: { approvalRequired: true, approvalDeadline: '2030-01-01T01:00:00Z', changes: [{ field: 'metadata.uid', oldValue: 'uid-cart-0', newValue: 'of a new pod' }], ...given },
  })
  bench.cluster.seed(HEALING_ACTIONS, { apiVersion, kind, metadata: ACTION, spec, ...(status === undefined ? {} : { status }) })
  const approval = (): unknown => (bench.cluster.must(HEALING_ACTIONS, ACTION) as unknown as { spec: HealingActionSpec }).spec.approval
  return { ...bench, approval }
}

describe('kubeskippy approve and reject', () => {
  it('write the decision and its reason, and tell what it is about', async () => {
    const { run, approval } = setUp()
    expect(await run(`approve ${ACTION.name} --reason seen`)).to.deep.equal({
      code: 0,
      out: [
        'restart of Pod/cart-0, since crashing fires: container app has restarted 5 times',
        '  metadata.uid: uid-cart-0 -> of a new pod',
        `healingaction/${ACTION.name} in shop: approved`,
        '',
      ].join('\n'),
      err: '',
    })
    expect(approval()).to.deep.equal({ decision: 'Approved', reason: 'seen' })
  })
  it('takes the name as kubectl prints it', async () => {
    const { run, approval } = setUp()
    expect((await run(`reject healingaction.kubeskippy.io/${ACTION.name} -n shop`)).out).to.include(': rejected')
    expect(approval()).to.deep.equal({ decision: 'Rejected' })
  })
  it('writes nothing in a dry run', async () => {
    const { run, approval } = setUp()
    expect((await run(`approve ${ACTION.name} --dry-run`)).out).to.include('approved (dry run)')
    expect(approval()).to.equal(undefined)
  })
  it('is content with the same decision, and refuses to turn another one round', async () => {
    const { run, cluster } = setUp({ approval: { decision: 'Rejected', decidedBy: 'bob\u001b[31m' } })
    const writes = cluster.journal.writes.length
    expect(await run(`reject ${ACTION.name}`)).to.include({ code: 0, out: `healingaction/${ACTION.name} in shop: was rejected by bob[31m already\n` })
    expect(await run(`approve ${ACTION.name}`)).to.deep.equal({ code: 1, out: '', err: `error: healingaction/${ACTION.name} in shop was rejected by bob[31m: a decision is made once\n` })
    expect(cluster.journal.writes).to.have.length(writes)
  })
  for (const [title, spec, status, words] of [
    ['that asks nobody', { approvalRequired: false }, undefined, 'waits for no approval'],
    ['that was withdrawn', {}, { phase: 'Cancelled', result: { success: false, reason: 'TargetGone', message: 'Pod/cart-0 is gone' } }, 'waits no longer: it is Cancelled (TargetGone: Pod/cart-0 is gone)'],
  ] as const) {
    it(`refuses one ${title}`, async () => {
      const { run } = setUp(spec, status)
      const { code, err } = await run(`approve ${ACTION.name}`)
      expect([code, err]).to.satisfy(() => code === 1 && err.includes(words), err)
    })
  }
  it('says where those are that wait', async () => expect((await setUp().run('approve other')).err).to.include('kubectl get ha -n shop'))
  it('passes on why the API server refuses', async () => {
    const { run } = setUp({}, undefined, { deny: ({ verb }) => (verb === 'patch' ? 'cannot patch' : undefined) })
    expect((await run(`approve ${ACTION.name}`)).err).to.include('cannot patch')
  })
  it('needs a name', async () => expect((await setUp().run('approve')).code).to.equal(2))
})
