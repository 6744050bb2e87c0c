/** Who may decide on an action that waits: held by the API server itself, with every program of ours down. */
import { expect } from 'chai'
import { stringify } from 'yaml'
import { CONTROLLER_USER } from '../../shared/api/v1alpha1/names.ts'
import { seconds } from '../../shared/lib/time.ts'
import { buildHealingAction } from '../../shared/testing/builders/objects.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { openDoor, type Door } from '../door/door.ts'

const CONTROLLER = ['--as', CONTROLLER_USER, '--as-group', 'system:masters']

/** May change HealingActions; `approve` is what makes the difference. */
const role = (name: string, verbs: readonly string[]): string =>
  stringify({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name, namespace: 'shop' },
    rules: [{ apiGroups: ['kubeskippy.io'], resources: ['healingactions'], verbs: ['get', 'list', 'patch', 'update', 'create', ...verbs] }],
  })
const binding = (name: string, subject: object): string =>
  stringify({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: `${name}-${Object.values(subject).join('-').toLowerCase()}`, namespace: 'shop' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', ...subject }],
  })

describe('deciding on an action', function () {
  this.timeout(300_000)
  let door: Door
  let made = 0
  before(async () => {
    door = await openDoor()
    await door.must(['apply', '-f', '-'], {
      input: [
        role('writer', []),
        role('approver', ['approve']),
        binding('approver', { kind: 'User', name: 'alice' }),
        binding('approver', { kind: 'Group', name: 'on-call' }),
        binding('writer', { kind: 'User', name: 'mallory' }),
      ].join('---\n'),
    })
    await eventually(async () => expect((await door.kubectl(['auth', 'can-i', 'patch', 'healingactions.kubeskippy.io', '-n', 'shop', '--as', 'mallory'])).stdout).to.contain('yes'), seconds(60))
  })
  after(async () => door?.stop())

  /** One that waits, unless told otherwise. */
  const action = async (spec: object = { approvalRequired: true, approvalDeadline: '2035-01-01T00:00:00Z' }): Promise<string> => {
    const name = `waiting-${++made}`
    const { metadata: _, ...object } = buildHealingAction()
    await door.must(['create', '-f', '-', ...CONTROLLER], { input: stringify({ ...object, metadata: { name, namespace: 'shop' }, spec: { ...object.spec, ...spec } }) })
    return name
  }
  const patch = (name: string, body: object, ...flags: string[]) => door.kubectl(['-n', 'shop', 'patch', 'ha', name, '--type=merge', '-p', JSON.stringify(body), ...flags])
  const decide = (name: string, user: string, approval: object = {}, ...flags: string[]) => patch(name, { spec: { approval: { decision: 'Approved', decidedBy: user, ...approval } } }, '--as', user, ...flags)
  const refused = ({ code, stderr }: { readonly code: number; readonly stderr: string }, words: string) => expect([code, stderr]).to.satisfy(() => code === 1 && stderr.includes(words), stderr)
  const accepted = ({ code, stderr }: { readonly code: number; readonly stderr: string }) => expect([code, stderr]).to.deep.equal([0, ''])

  for (const [state, stop] of [
    ['while the door is up', false],
    ['while the door is down', true],
  ] as const) {
    describe(state, () => {
      before(async () => {
        if (stop) await door.program.stop()
      })

      it('takes the verb approve: who may only write is refused', async () => {
        const name = await action()
        refused(await decide(name, 'mallory'), '[KS702] deciding needs the verb approve')
        refused(await decide(name, 'mallory', {}, '--as-group', 'system:authenticated', '--dry-run=server'), '[KS702]')
        accepted(await decide(name, 'alice'))
      })
      it("goes by groups too, and by nobody else's name", async () => {
        const name = await action()
        refused(await decide(name, 'carol', { decidedBy: 'alice' }, '--as-group', 'on-call'), '[KS702] spec.approval.decidedBy')
        accepted(await decide(name, 'carol', { decision: 'Rejected', reason: 'not now' }, '--as-group', 'on-call'))
      })
      it(stop ? 'says who, since the webhook cannot fill it in' : 'is signed by the webhook', async () => {
        const name = await action()
        const unsigned = await patch(name, { spec: { approval: { decision: 'Approved' } } }, '--as', 'alice')
        if (stop) {
          refused(unsigned, 'spec.approval.decidedBy: Required value')
          return
        }
        accepted(unsigned)
        const { spec } = JSON.parse(await door.must(['-n', 'shop', 'get', 'ha', name, '-o', 'json'])) as { spec: { approval: object } }
        expect(spec.approval).to.include({ decision: 'Approved', decidedBy: 'alice' }).and.to.have.property('decidedAt')
      })
      it('is not for the controller, nor for administrators in another name', async () => {
        const name = await action()
        refused(await patch(name, { spec: { approval: { decision: 'Approved', decidedBy: CONTROLLER_USER } } }, ...CONTROLLER), '[KS702] the controller does not decide')
        refused(await patch(name, { spec: { approval: { decision: 'Approved', decidedBy: 'alice' } } }), '[KS702] spec.approval.decidedBy')
      })
      it('is done once', async () => {
        const name = await action()
        accepted(await decide(name, 'alice', { decision: 'Rejected' }))
        for (const approval of [{ decision: 'Approved', decidedBy: 'alice' }, null]) refused(await patch(name, { spec: { approval } }, '--as', 'alice'), 'spec.approval')
      })
      it('changes nothing else', async () => {
        const name = await action()
        const approval = { decision: 'Approved', decidedBy: 'alice' }
        for (const metadata of [{ labels: { a: 'b' } }, { annotations: { a: 'b' } }, { finalizers: ['a/b'] }]) refused(await patch(name, { metadata, spec: { approval } }, '--as', 'alice'), '[KS701]')
        refused(await patch(name, { spec: { approval, dryRun: true } }, '--as', 'alice'), 'spec.dryRun')
      })
      it('is not for what waits for nobody, or for nobody any more', async () => {
        refused(await decide(await action({}), 'alice'), 'this action waits for no approval')
        const name = await action()
        expect((await patch(name, { status: { phase: 'Cancelled' } }, '--subresource=status', ...CONTROLLER)).code).to.equal(0)
        refused(await decide(name, 'alice'), '[KS702] this action waits for no decision any more')
      })
      it('does not come with the action', async () => {
        const { metadata: _, ...object } = buildHealingAction({ spec: { approvalRequired: true, approval: { decision: 'Approved', decidedBy: 'alice' } } })
        const input = stringify({ ...object, metadata: { name: 'approved-from-the-start', namespace: 'shop' } })
        for (const flags of [CONTROLLER, ['--as', 'alice']]) expect((await door.kubectl(['create', '-f', '-', ...flags], { input })).code).to.equal(1)
      })
    })
  }

  it('the expressions are of the right types', async () => {
    const list = JSON.parse(await door.must(['get', 'validatingadmissionpolicies', '-o', 'json'])) as { readonly items: readonly { readonly status?: { readonly typeChecking?: { readonly expressionWarnings?: unknown } } }[] }
    for (const { status } of list.items) expect(status?.typeChecking?.expressionWarnings).to.equal(undefined)
  })
})
