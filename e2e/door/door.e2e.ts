/** What people see at the front door, by the real kubectl and the real API server. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { parse, stringify } from 'yaml'
import { CONTROLLER_USER } from '../../shared/api/v1alpha1/names.ts'
import { RULES } from '../../shared/rules/registry.ts'
import { consentObjects, healerObjects } from '../../cli/healer.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { readSample, type SampleDocument } from '../../shared/testing/corpus.ts'
import { openDoor, type Door } from './door.ts'
import { expectGolden } from './golden.ts'

const SAMPLES = new URL('../../config/samples/', import.meta.url)
const sample = (kind: 'valid' | 'invalid', id: string): string => readFileSync(new URL(`${kind}/rules/${id.toLowerCase()}.yaml`, SAMPLES), 'utf8')

interface Policy {
  readonly metadata: { readonly name: string }
  readonly spec: Record<string, unknown>
}

const GOOD = parse(sample('valid', 'KS101')) as Policy
/** Each of other objects, so that none is in another's way. */
const policy = (name: string, spec: Record<string, unknown> = {}): string =>
  stringify({ ...GOOD, metadata: { name, namespace: 'shop' }, spec: { ...GOOD.spec, selector: { labelSelector: { matchLabels: { app: name } } }, ...spec } }, { version: '1.1' })

/** Wrong in three ways, one of them hostile to the terminal. */
const BAD = {
  selector: { namespaces: ['shop', 'warehouse'], resources: [{ apiVersion: 'v1', kind: 'Pod' }] },
  triggers: [{ name: 'crash-loop', type: 'condition', conditionTrigger: { type: 'Crash\u001b[31mLoop\u202e', duration: '2m' } }],
}

/** Accepted, with three warnings. */
const HASTY = [{ name: 'unready', type: 'condition', cooldownPeriod: '10s', conditionTrigger: { type: 'Ready', duration: '0s' } }]

describe('the front door', function () {
  this.timeout(300_000)
  let door: Door
  before(async () => {
    door = await openDoor()
    // Somebody who may write policies in shop, and nothing else; and what bank has consented to.
    const author = { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'author' }
    const rbac = 'rbac.authorization.k8s.io/v1'
    const objects = [
      { apiVersion: rbac, kind: 'Role', metadata: { name: 'author', namespace: 'shop' }, rules: [{ apiGroups: ['kubeskippy.io'], resources: ['healingpolicies'], verbs: ['get', 'create', 'patch'] }] },
      { apiVersion: rbac, kind: 'RoleBinding', metadata: { name: 'author', namespace: 'shop' }, roleRef: { apiGroup: author.apiGroup, kind: 'Role', name: 'author' }, subjects: [author] },
      ...[...consentObjects('bank', 'shop'), ...['shop', 'bank'].flatMap((namespace) => healerObjects(namespace))].map(({ manifest }) => manifest),
    ]
    await door.must(['apply', '-f', '-'], { input: objects.map((object) => stringify(object, { version: '1.1', aliasDuplicateObjects: false })).join('---\n') })
  })
  after(async () => door?.stop())

  const apply = (input: string, ...flags: string[]) => door.kubectl(['apply', '-f', '-', ...flags], { input })
  const beside = async (others: readonly SampleDocument[]): Promise<void> => {
    for (const { text } of others) await door.must(['apply', '-f', '-'], { input: text })
  }
  const removed = (): Promise<string> => door.must(['delete', 'hp,deploy', '--all', '-n', 'shop'])
  const golden = async (name: string, args: readonly string[], input?: string): Promise<void> => {
    const { code, stdout, stderr } = await door.kubectl(args, input === undefined ? {} : { input })
    expectGolden(name, `$ kubectl ${args.join(' ')}\n${stdout}${stderr}exit ${code}\n`)
  }

  for (const { id, severity } of RULES) {
    it(`${id}: the invalid sample is ${severity === 'W' ? 'warned about' : 'refused'}, in a dry run as for real, the valid one passes`, async () => {
      const { now: { text }, others, expected: [{ path } = { path: '' }] } = readSample(id, false, sample('invalid', id))
      await beside(others)
      // An administrator breaks no rule about rights.
      const as = severity === 'F' ? ['--as', 'author'] : []
      // Strict validation, which kubectl asks for, refuses unknown fields before any rule.
      const lenient = id === 'KS505' ? ['--validate=false'] : []
      const dry = await eventually(async () => {
        const answer = await apply(text, '--dry-run=server', ...as, ...lenient)
        // The door learns of what else there is by its watch.
        expect(answer.stderr).to.contain(id)
        return answer
      }, seconds(60))
      const real = await apply(text, ...as, ...lenient)
      expect(real.stderr).to.equal(dry.stderr)
      if (severity === 'W') {
        expect(real.code, real.stderr).to.equal(0)
        expect(real.stderr).to.contain(`Warning: ${id} `).and.to.contain(path.replace(/^spec\./, ''))
      } else {
        expect(real.code).to.equal(1)
        expect(real.stderr).to.match(severity === 'F' ? /^Error from server \(Forbidden\): / : /^The (HealingPolicy|healingpolicies) "[^"]+" is invalid: /).and.to.contain(`${path}: [${id}] `)
      }
      // What the next sample must not find beside it.
      await removed()
      const { now: { text: good }, others: neighbours } = readSample(id, true, sample('valid', id))
      await beside(neighbours)
      await eventually(async () => expect((await apply(good, '--dry-run=server')).stderr).to.equal(''), seconds(60))
      const valid = await apply(good)
      expect([valid.code, valid.stderr]).to.deep.equal([0, ''])
      await removed()
    })
  }

  describe('as kubectl prints it', () => {
    it('one document, one problem', () => golden('one-problem', ['apply', '-f', '-'], policy('one', { safetyRules: { maxActionsPerHour: 99 } })))
    it('one document, several problems', () => golden('several-problems', ['apply', '-f', '-'], policy('several', BAD)))
    it('several documents', () => golden('several-documents', ['apply', '-f', '-'], [policy('first', { safetyRules: { maxActionsPerHour: 99 } }), policy('second', BAD), policy('third')].join('---\n')))
    it('a query of several lines', () => golden('query', ['apply', '-f', '-'], policy('asked', { triggers: [{ name: 'errors', type: 'metric', metricTrigger: { query: '# of all pods\nsum by (namespace, pod) (\n  rate(http_errors_total)\n) > 5 &&\n  up{pod="a",pod="b"}\n', threshold: 1 } }, { name: 'lock', type: 'metric', metricTrigger: { query: 'sum(lock_total) > 5', threshold: 3 } }] })))
    it('create', () => golden('create', ['create', '-f', '-'], policy('created', { safetyRules: { maxActionsPerHour: 99 } })))
    it('server-side apply', () => golden('server-side', ['apply', '--server-side', '-f', '-'], policy('applied', { safetyRules: { maxActionsPerHour: 99 } })))
    it('dry run', () => golden('dry-run', ['apply', '--dry-run=server', '-f', '-'], policy('dry', BAD)))
    it('a warning', () => golden('warning', ['apply', '-f', '-'], policy('warned', { mode: 'dryrun', triggers: HASTY })))
    it('more problems than fit on a screen', () => {
      const resources = Array.from({ length: 16 }, (_, index) => ({ apiVersion: 'v1', kind: index % 2 === 0 ? 'Secret' : 'Sekret' }))
      return golden('many-problems', ['apply', '-f', '-'], policy('many', { selector: { resources, namespaces: Array.from({ length: 16 }, (_, index) => `ns-${index}`) } }))
    })
    it('replace, and apply, of what is stored', async () => {
      await door.must(['apply', '-f', '-'], { input: policy('replaced') })
      const worse = policy('replaced', { safetyRules: { maxActionsPerHour: 99 } })
      await golden('replace', ['replace', '-f', '-'], worse)
      await golden('update', ['apply', '-f', '-'], worse)
    })
    it('diff: the refusal, before anybody has applied', () => golden('diff', ['diff', '-f', '-'], policy('differs', BAD)))
    it('diff of what is stored', async () => {
      await door.must(['apply', '-f', '-'], { input: policy('changed') })
      await golden('diff-of-stored', ['diff', '-f', '-'], policy('changed', { safetyRules: { maxActionsPerHour: 99 } }))
    })
    it('-o json', async () => {
      await golden('json', ['apply', '-o', 'json', '-f', '-'], policy('json', BAD))
      await golden('json-of-several', ['create', '-o', 'json', '-f', '-'], [policy('first-json', { safetyRules: { maxActionsPerHour: 99 } }), policy('second-json', BAD)].join('---\n'))
    })
    it('-o json: warnings stay out of the JSON', async () => {
      const { code, stdout, stderr } = await apply(policy('warned-json', { mode: 'dryrun', triggers: HASTY }), '-o', 'json', '--dry-run=server')
      expect([code, (JSON.parse(stdout) as Policy).metadata.name]).to.deep.equal([0, 'warned-json'])
      expect(stderr).to.match(/^(Warning: KS\d{3} shop\/warned-json .+\n)+$/)
    })
    it('what the author may not do himself', () => golden('forbidden', ['apply', '--as', 'author', '-f', '-'], policy('forbidden')))
    it('several rights in two namespaces, in one answer', () =>
      golden('forbidden-many', ['apply', '--as', 'author', '-f', '-'], policy('ladder', { mode: 'manual', selector: { namespaces: ['shop', 'bank'], labelSelector: { matchLabels: { app: 'ladder' } } }, actions: [{ name: 'evict', type: 'evict', evictAction: {} }, { name: 'delete', type: 'delete', deleteAction: {} }, { name: 'scale', type: 'scale', scaleAction: { direction: 'up', maxReplicas: 5 } }] })))
    it('that beside other problems, all in one answer', () => golden('forbidden-and-invalid', ['apply', '--as', 'author', '-f', '-'], policy('both', { safetyRules: { maxActionsPerHour: 99 } })))
    it('more warnings than the API server lets through', async () => {
      const triggers = Array.from({ length: 16 }, (_, index) => ({ ...HASTY[0], name: `unready-${index}` }))
      const { code, stderr } = await apply(policy('many-warnings', { mode: 'dryrun', triggers }))
      const lines = stderr.trimEnd().split('\n').map((line) => line.replace(/^Warning: /, ''))
      expect(code).to.equal(0)
      expect(lines.at(-1)).to.match(/^KS\d{3} shop\/many-warnings: and \d+ more warnings$/)
      expect(lines.join('').length).to.be.within(3500, 4096)
      for (const line of lines.slice(0, -1)) {
        expect(line).to.match(/^KS\d{3} shop\/many-warnings \S/)
        expect(Array.from(line).length).to.be.at.most(120)
      }
    })
    it('a patch of what is stored', async () => {
      await door.must(['apply', '-f', '-'], { input: policy('stored') })
      await golden('patch', ['-n', 'shop', 'patch', 'hp', 'stored', '--type=merge', '-p', '{"spec":{"safetyRules":{"maxActionsPerHour":99}}}'])
    })
    it('no control character of the object reaches the terminal', async () => {
      const { stderr } = await apply(policy('hostile', BAD))
      // oxlint-disable-next-line no-control-regex -- these characters are the subject
      expect(stderr).to.not.match(/[\u0000-\u0009\u000b-\u001f\u202e]/)
    })
  })

  it('writes the context defaults into the object, once', async () => {
    await door.must(['apply', '-f', '-'], { input: policy('defaulted') })
    const get = async (): Promise<Record<string, never>> => JSON.parse(await door.must(['-n', 'shop', 'get', 'hp', 'defaulted', '-o', 'json'])) as Record<string, never>
    const first = await get()
    const { selector, safetyRules, actions } = first['spec'] as unknown as Record<string, Record<string, unknown> & readonly Record<string, unknown>[]>
    expect(selector).to.deep.include({ namespaces: ['shop'], resources: [{ apiVersion: 'v1', kind: 'Pod' }] })
    expect(safetyRules).to.include({ stabilizationWindow: '2m', maxActionsPerHour: 5 })
    expect(actions?.[0]).to.include({ target: 'Pod' })
    // kubectl sends the lists again, since the defaults in them are not its own; nothing changes by it.
    await door.must(['apply', '-f', '-'], { input: policy('defaulted') })
    expect((await get())['metadata']).to.deep.equal(first['metadata'])
    await door.must(['-n', 'shop', 'label', 'hp', 'defaulted', 'a=b'])
    expect((await get())['spec']).to.deep.equal(first['spec'])
  })

  it('an old violation does not stop metadata changes, suspending, lowering the mode and what else makes it do less, and stops everything else', async () => {
    // As one that was stored before there was a rule: by the account that the door does not ask.
    await door.must(['apply', '-f', '-'], { input: policy('old') })
    const patch = (spec: unknown, ...flags: string[]) => door.kubectl(['-n', 'shop', 'patch', 'hp', 'old', '--type=merge', '-p', JSON.stringify({ spec }), ...flags])
    const raised = await patch({ safetyRules: { maxActionsPerHour: 99 } }, '--as', CONTROLLER_USER, '--as-group', 'system:masters')
    expect(raised.code, raised.stderr).to.equal(0)
    const labelled = await door.kubectl(['-n', 'shop', 'label', 'hp', 'old', 'a=b'])
    expect([labelled.code, labelled.stderr]).to.deep.equal([0, 'Warning: KS401 shop/old safetyRules.maxActionsPerHour: 99 is above the ceiling of this installation (60); write 1 to 60\n'])
    // What makes it do less passes too, but for what it brings in itself.
    const less = (name: string, spec: unknown) => golden(name, ['-n', 'shop', 'patch', 'hp', 'old', '--type=merge', '-p', JSON.stringify({ spec })])
    await less('less', { selector: { labelSelector: { matchLabels: { app: 'old', tier: 'web' } } }, safetyRules: { maxActionsPerHour: 80, protectedResources: [{ apiVersion: 'v1', kind: 'Pod', names: ['old-0'] }] } })
    await less('less-and-wrong', { safetyRules: { maxActionsPerHour: 70, protectedResources: [{ apiVersion: 'v1', kind: 'Pod', names: ['old-0'] }, { apiVersion: 'v1', kind: 'Pod', labelSelector: { matchLabels: { app: 'old' } } }] } })
    await less('less-and-more', { safetyRules: { maxActionsPerHour: 70, maxConcurrent: 2 } })
    expect((await patch({ mode: 'dryrun' })).code).to.equal(0)
    expect((await patch({ mode: 'automatic' })).code).to.equal(1)
    expect((await patch({ safetyRules: { maxConcurrent: 2 } })).code).to.equal(1)
    expect((await patch({ suspend: true })).code).to.equal(0)
    expect((await patch({ suspend: false })).code).to.equal(1)
    expect((await door.kubectl(['-n', 'shop', 'delete', 'hp', 'old'])).code).to.equal(0)
  })

  it('suspending gets through whatever else comes with it, and is warned about; going on is refused by name', async () => {
    await door.must(['apply', '-f', '-'], { input: policy('stopped') })
    const worse = { selector: { resources: [{ apiVersion: 'v1', kind: 'Pod' }] }, safetyRules: { maxActionsPerHour: 99 }, actions: [{ name: 'remove', type: 'delete', deleteAction: { gracePeriodSeconds: 0 } }] }
    await golden('suspend', ['apply', '-f', '-'], policy('stopped', { ...worse, suspend: true }))
    const labelled = await door.kubectl(['-n', 'shop', 'label', 'hp', 'stopped', 'a=b'])
    expect(labelled.code, labelled.stderr).to.equal(0)
    await golden('resume', ['-n', 'shop', 'patch', 'hp', 'stopped', '--type=merge', '-p', '{"spec":{"suspend":false}}'])
    await golden('resume-by-leaving-out', ['apply', '-f', '-'], policy('stopped', worse))
    // Somebody without rights on pods stops it, and changes nothing else.
    await door.must(['apply', '-f', '-'], { input: policy('stopped') })
    const stopping = await door.kubectl(['-n', 'shop', 'patch', 'hp', 'stopped', '--type=merge', '-p', '{"spec":{"suspend":true},"metadata":{"annotations":{"why":"it harms"}}}', '--as', 'author'])
    expect([stopping.code, stopping.stderr]).to.deep.equal([0, ''])
    await golden('suspend-and-more-without-rights', ['apply', '--as', 'author', '-f', '-'], policy('stopped', { ...worse, suspend: true }))
    await golden('create-suspended', ['apply', '-f', '-'], policy('sleeping', { suspend: true, safetyRules: { maxActionsPerHour: 99 } }))
  })

  describe('an update', () => {
    const asked = async (webhook: 'mutate' | 'validate'): Promise<number> => {
      const text = await (await fetch(door.program.metricsUrl)).text()
      return Array.from(text.matchAll(/^kubeskippy_admission_reviews_total\{([^}]*)\} (\d+)/gm), ([, labels = '', count]) => (labels.includes(`webhook="${webhook}"`) ? Number(count) : 0)).reduce((sum, count) => sum + count, 0)
    }
    /** By how many reviews each webhook was asked meanwhile. */
    const during = async (act: () => Promise<unknown>): Promise<readonly number[]> => {
      const before = [await asked('mutate'), await asked('validate')]
      await act()
      // Their text is made a tenth of a second ago at the most.
      await new Promise((resolve) => setTimeout(resolve, 200))
      return [(await asked('mutate')) - (before[0] ?? 0), (await asked('validate')) - (before[1] ?? 0)]
    }
    const patched = (body: object) => during(() => door.must(['-n', 'shop', 'patch', 'hp', 'kept', '--type=merge', '-p', JSON.stringify(body)]))
    before(() => door.must(['apply', '-f', '-'], { input: policy('kept', { safetyRules: { maxActionsPerHour: 3 } }) }))
    after(removed)

    it('of metadata alone is judged, and nothing is added: one call in place of two', async () => {
      expect(await patched({ metadata: { labels: { a: 'b' } } })).to.deep.equal([0, 1])
      expect(await during(() => door.must(['-n', 'shop', 'annotate', 'hp', 'kept', 'c=d']))).to.deep.equal([0, 1])
    })
    it('of the spec, or of what exempts, is asked about twice', async () => {
      // kubectl replaces whole lists, in which the defaults are missing.
      expect(await during(() => door.must(['apply', '-f', '-'], { input: policy('kept', { safetyRules: { maxActionsPerHour: 3 } }).replace('name: kept', 'name: kept\n  labels: {c: d}') }))).to.deep.equal([1, 1])
      expect(await patched({ spec: { safetyRules: { maxActionsPerHour: 4 } } })).to.deep.equal([1, 1])
      expect(await patched({ metadata: { annotations: { 'kubeskippy.io/allow': 'KS302' } } })).to.deep.equal([1, 1])
      // Who allowed it stays as it was written.
      const stamped = await door.must(['-n', 'shop', 'get', 'hp', 'kept', '-o', 'jsonpath={.metadata.annotations.kubeskippy\\.io/allowed-by}'])
      expect(await patched({ metadata: { annotations: { 'kubeskippy.io/allowed-by': null } } })).to.deep.equal([1, 1])
      expect(await door.must(['-n', 'shop', 'get', 'hp', 'kept', '-o', 'jsonpath={.metadata.annotations.kubeskippy\\.io/allowed-by}'])).to.equal(stamped).and.not.equal('')
    })
    it('of the largest policy is not too much to compare', async () => {
      const actions = Array.from({ length: 16 }, (_, index) => ({ name: `act-${index}`, type: 'patch', target: 'Workload', patchAction: { patch: `metadata: {annotations: {note: ${'x'.repeat(7000)}}}` } }))
      await door.must(['apply', '-f', '-'], { input: policy('kept', { mode: 'dryrun', actions, selector: { labelSelector: { matchLabels: { app: 'kept' } }, resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] } }) })
      expect(await patched({ metadata: { labels: { a: 'c' } } })).to.deep.equal([0, 1])
    })
  })

  describe('our own objects', () => {
    const action = readFileSync(new URL('valid/healing-action.yaml', SAMPLES), 'utf8').replace(/namespace: \S+/, 'namespace: shop')
    const { metadata } = parse(action) as Policy
    const ledger = stringify({
      apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingLedger', metadata: { name: 'l', namespace: 'kubeskippy-system' },
      spec: { policy: { namespace: 'shop', name: 'a' }, nextOrdinal: 0, entries: [], breaker: { state: 'Closed', failures: 0, recent: [], openings: 0 }, incidents: [], outcomes: { effective: 0, ineffective: 0, inconclusive: 0, failed: 0 } },
    })
    const controller = ['--as', CONTROLLER_USER, '--as-group', 'system:masters']
    const refused = ({ code, stderr }: { readonly code: number; readonly stderr: string }): void => {
      expect([code, stderr]).to.satisfy(() => code === 1 && stderr.includes('[KS701] only the KubeSkippy controller writes'), stderr)
    }

    it('nobody but the controller creates HealingActions, administrators included', async () => {
      refused(await door.kubectl(['create', '-f', '-'], { input: action }))
      refused(await door.kubectl(['create', '-f', '-', '--as', 'system:serviceaccount:kubeskippy-system:kubeskippy-webhook', '--as-group', 'system:masters'], { input: action }))
      refused(await door.kubectl(['create', '-f', '-', '--as', 'system:serviceaccount:shop:kubeskippy-controller-manager', '--as-group', 'system:masters'], { input: action }))
      await door.must(['create', '-f', '-', ...controller], { input: action })
    })

    it('nor writes their status, labels or finalizers', async () => {
      const patch = (body: string, ...flags: string[]) => door.kubectl(['-n', 'shop', 'patch', 'ha', metadata.name, '--type=merge', '-p', body, ...flags])
      refused(await patch('{"status":{"phase":"Succeeded"}}', '--subresource=status'))
      refused(await patch('{"metadata":{"labels":{"kubeskippy.io/policy":"other"}}}'))
      refused(await patch('{"metadata":{"finalizers":["a/b"]}}'))
      expect((await patch('{"status":{"phase":"Pending"}}', '--subresource=status', ...controller)).code).to.equal(0)
    })

    it('nor writes ledgers', async () => {
      refused(await door.kubectl(['create', '-f', '-'], { input: ledger }))
      const made = await door.kubectl(['create', '-f', '-', ...controller], { input: ledger })
      expect(made.code, made.stderr).to.equal(0)
      refused(await door.kubectl(['-n', 'kubeskippy-system', 'patch', 'healingledger', 'l', '--type=merge', '-p', '{"spec":{"nextOrdinal":7}}']))
    })

    it('they can be deleted, in the foreground too', async () => {
      // The garbage collector, which ends a foreground deletion, looks for new kinds every 30 s.
      await door.must(['-n', 'shop', 'delete', 'ha', metadata.name, '--cascade=foreground', '--timeout=140s'])
      await door.must(['-n', 'kubeskippy-system', 'delete', 'healingledger', 'l', '--cascade=orphan', '--timeout=140s'])
    })

    it('the expressions of the policies are of the right types', async () => {
      const list = JSON.parse(await door.must(['get', 'validatingadmissionpolicies', '-o', 'json'])) as { readonly items: readonly { readonly status?: { readonly typeChecking?: { readonly expressionWarnings?: unknown } } }[] }
      expect(list.items).to.have.lengthOf(3)
      for (const { status } of list.items) expect(status?.typeChecking?.expressionWarnings).to.equal(undefined)
    })
  })
})
