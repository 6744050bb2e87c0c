import { expect } from 'chai'
import * as fc from 'fast-check'
import { isObject } from '../../lib/json.ts'
import { jsonPatch, mergePatch, strategicPatch } from '../../testing/fake-cluster/patches.ts'
import { judge } from '../judge.ts'
import { DEFAULT_INSTALLATION } from '../rule.ts'
import { rawPolicy } from '../test-policy.ts'
import { processorTime } from '../../testing/processor-time.ts'
import { applied } from './apply.ts'
import { MOST_CHANGES } from './changes.ts'
import { effectOf } from './effect.ts'
import type { PatchBody, PatchContent } from './parse.ts'
import { shown } from './paths.ts'
import { sampleOf } from './samples.ts'
import { strategicTouches } from './touches.ts'

const DEPLOYMENT = { kind: 'Deployment' } as const
const sample = (): Record<string, unknown> => sampleOf(DEPLOYMENT) ?? {}

function refused(patchAction: PatchBody): string[] {
  const policy = rawPolicy({
    selector: { labelSelector: { matchLabels: { chosen: 'by-this' } }, resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] },
    action: { type: 'patch', patchAction },
  })
  return judge(policy, { installation: DEFAULT_INSTALLATION }).violations.map(({ rule, what }) => `${rule} ${what}`)
}

const bodyOf = ({ type, body }: PatchContent): PatchBody => ({ type, patch: JSON.stringify(body) })

// The oracle: other implementations of the three forms, and a list of its own, of leaves by their place.
function oracle({ type, body }: PatchContent): unknown {
  if (type === 'json') return jsonPatch(sample(), body)
  return type === 'merge' ? mergePatch(sample(), body) : strategicPatch(sample(), body)
}

const MAY_CHANGE = [
  /^metadata\/(annotations|labels)\/[^/]+$/,
  /^spec\/replicas$/,
  /^spec\/template\/metadata\/(annotations|labels)\/[^/]+$/,
  /^spec\/template\/spec\/terminationGracePeriodSeconds$/,
  /^spec\/template\/spec\/(containers|initContainers)\/\d+\/resources\/(limits|requests)\/[^/]+$/,
  /^spec\/template\/spec\/(containers|initContainers)\/\d+\/env\/\d+\/value$/,
  /^spec\/template\/spec\/containers\/\d+\/(liveness|readiness|startup)Probe\/(initialDelaySeconds|periodSeconds|timeoutSeconds|successThreshold|failureThreshold|terminationGracePeriodSeconds)$/,
]

function leaves(value: unknown, path: string, found: Map<string, string>): Map<string, string> {
  const members = Array.isArray(value) ? [...value.entries()] : isObject(value) ? Object.entries(value) : undefined
  if (members === undefined || members.length === 0) return found.set(path, JSON.stringify(value) ?? 'undefined')
  for (const [key, member] of members) leaves(member, path === '' ? String(key) : `${path}/${key}`, found)
  return found
}

/** Leaves that differ; a map that was emptied counts as its members. */
function strays(after: unknown): string[] {
  const [old, now] = [leaves(sample(), '', new Map<string, string>()), leaves(after, '', new Map<string, string>())]
  const emptied = (path: string): boolean => now.get(path) === '{}' && [...old.keys()].some((other) => other.startsWith(`${path}/`))
  const changed = [...new Set([...old.keys(), ...now.keys()])].filter((path) => old.get(path) !== now.get(path) && !emptied(path))
  return changed.filter((path) => !MAY_CHANGE.some((allowed) => allowed.test(path)))
}

const KEYS = ['metadata', 'annotations', 'labels', 'note', 'finalizers', 'name', 'spec', 'replicas', 'paused', 'template', 'containers', 'initContainers', 'env', 'value', 'resources', 'limits', 'memory', 'image', 'args', 'livenessProbe', 'timeoutSeconds', 'exec', 'securityContext', 'hostNetwork', 'volumes', 'tolerations', '$patch']
const scalar = fc.constantFrom<unknown>('x', '', 'app', 'replace', 'delete', 'LEVEL', 1, 0, 7, true, null, '1Gi')
const anything = fc.letrec<{ tree: unknown; map: Record<string, unknown> }>((tie) => ({
  map: fc.dictionary(fc.constantFrom(...KEYS), tie('tree'), { maxKeys: 3 }),
  tree: fc.oneof({ maxDepth: 6 }, scalar, tie('map'), fc.array(fc.oneof(tie('map'), scalar), { maxLength: 2 })),
}))
/** Trees that lead to somewhere: random members rarely do. */
const under = (path: readonly string[]) =>
  anything.map.map((map) => path.reduceRight<unknown>((below, key) => (key === '[app]' ? [{ name: 'app', ...(isObject(below) ? below : {}) }] : { [key]: below }), map))
const POD = ['spec', 'template', 'spec'] as const
const body = fc.oneof(
  anything.map,
  ...[['metadata'], ['spec'], ['metadata', 'annotations'], [...POD], [...POD, 'containers', '[app]'], [...POD, 'containers', '[app]', 'resources'], [...POD, 'containers', '[app]', 'livenessProbe']].map(under),
) as fc.Arbitrary<Record<string, unknown>>

const pointers = ['', '/', ...leaves(sample(), '', new Map<string, string>()).keys()].flatMap((path) => {
  const tokens = path.split('/')
  return tokens.map((_, index) => (path === '' || path === '/' ? path : `/${tokens.slice(0, index + 1).join('/')}`))
})
const pointer = fc.oneof(fc.constantFrom(...new Set(pointers)), fc.constantFrom('/metadata/annotations/note', '/spec/replicas', '/metadata/annotations/~0~1', '/spec/template/spec/containers/0/env/0/value', '/spec/template/spec/containers/-'))
const operation = fc.record({ op: fc.constantFrom('add', 'replace', 'remove', 'move', 'copy', 'test'), path: pointer, from: pointer, value: fc.oneof(scalar, anything.tree) })

const content: fc.Arbitrary<PatchContent> = fc.oneof(
  body.map((map): PatchContent => ({ type: 'strategic', body: map })),
  body.map((map): PatchContent => ({ type: 'merge', body: map })),
  fc.array(operation, { minLength: 1, maxLength: 3 }).map((operations): PatchContent => ({ type: 'json', body: operations })),
)

describe('what a patch does', function () {
  this.timeout(300_000)
  it('is refused whenever it leaves what is allowed, by another reckoning', () => {
    let left = 0
    fc.assert(
      fc.property(content, (patch) => {
        let after: unknown
        try {
          after = oracle(patch)
        } catch {
          return
        }
        const outside = strays(after)
        if (outside.length === 0) return
        left++
        expect(refused(bodyOf(patch)), `${JSON.stringify(patch)} changes ${outside.join(', ')}`).to.not.deep.equal([])
      }),
      { numRuns: 1500 },
    )
    expect(left).to.be.greaterThan(250)
  })

  it('moves no object into itself', () => {
    for (const path of ['', '/metadata/labels/whole']) expect(applied({ type: 'json', body: [{ op: 'move', from: '', path }] }, sample())).to.have.property('cannot')
  })

  it('is what another implementation makes of it', () => {
    let alike = 0
    fc.assert(
      fc.property(content, (patch) => {
        // The other one takes directives less strictly.
        if (patch.type === 'strategic' && JSON.stringify(patch).includes('$patch')) return
        const mine = applied(patch, sample())
        let other: unknown
        try {
          other = oracle(patch)
        } catch {
          // The other one goes by RFC 6902 where the API server adds what `replace` does not find.
          if (!JSON.stringify(patch).includes('"replace"')) expect(mine).to.have.property('cannot')
          return
        }
        if ('cannot' in mine) return
        alike++
        // Lists of strategic patches are put in an order of their own, which the API server is asked about.
        if (patch.type !== 'strategic') expect(mine.object).to.deep.equal(other)
      }),
      { numRuns: 1000 },
    )
    expect(alike).to.be.greaterThan(300)
  })

  const text = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/)
  const metadata = fc.record({ annotations: fc.dictionary(text, fc.string({ maxLength: 20 }), { minKeys: 1, maxKeys: 3 }), labels: fc.dictionary(text, text, { minKeys: 1, maxKeys: 2 }) }, { requiredKeys: ['annotations'] })
  const amount = fc.constantFrom('1Gi', '512Mi', 134217728)
  const timings = fc.record({ timeoutSeconds: fc.integer({ min: 5, max: 60 }), periodSeconds: fc.integer({ min: 1, max: 60 }), failureThreshold: fc.integer({ min: 1, max: 9 }) }, { requiredKeys: ['timeoutSeconds'] })
  const container = fc.record(
    { name: text, resources: fc.record({ limits: fc.record({ memory: amount, cpu: fc.constantFrom('1', '250m', 2) }, { requiredKeys: ['memory'] }) }), env: fc.uniqueArray(fc.record({ name: text.map((word) => `${word}_LOG_LEVEL`), value: text }), { selector: ({ name }) => name, minLength: 1, maxLength: 3 }), livenessProbe: timings, readinessProbe: timings },
    { requiredKeys: ['name', 'resources'] },
  )
  const allowed = fc.record(
    {
      metadata,
      spec: fc.record({ replicas: fc.integer({ min: 2, max: 1000 }), template: fc.record({ metadata, spec: fc.record({ containers: fc.uniqueArray(container, { selector: ({ name }) => name, minLength: 1, maxLength: 2 }), terminationGracePeriodSeconds: fc.integer({ min: 1, max: 600 }) }, { requiredKeys: ['containers'] }) }, { requiredKeys: ['spec'] }) }, { requiredKeys: ['replicas'] }),
    },
    { requiredKeys: ['metadata'] },
  )
  it('is never refused within what is allowed', () => {
    fc.assert(
      fc.property(allowed, (map) => {
        fc.pre(strategicTouches(map).touches.length <= MOST_CHANGES)
        expect(refused(bodyOf({ type: 'strategic', body: map }))).to.deep.equal([])
      }),
      { numRuns: 300 },
    )
  })

  const effects: readonly [string, PatchContent, readonly string[]][] = [
    ['an image, by its place', { type: 'json', body: [{ op: 'replace', path: '/spec/template/spec/containers/1/image', value: 'x' }] }, ['set spec.template.spec.containers[side].image']],
    ['tolerations that go', { type: 'merge', body: { spec: { template: { spec: { tolerations: null } } } } }, ['remove spec.template.spec.tolerations']],
    ['a moved finalizer', { type: 'json', body: [{ op: 'move', from: '/metadata/finalizers/0', path: '/metadata/annotations/note' }] }, ['set metadata.annotations.note', 'whole metadata.finalizers']],
    ['what $retainKeys leaves out', { type: 'strategic', body: { spec: { strategy: { $retainKeys: ['type'], type: 'RollingUpdate' } } } }, ['remove spec.strategy.rollingUpdate.maxSurge', 'remove spec.strategy.rollingUpdate.maxUnavailable']],
    ['another order', { type: 'strategic', body: { spec: { template: { spec: { '$setElementOrder/containers': [{ name: 'side' }, { name: 'app' }] } } } } }, ['whole spec.template.spec.containers']],
    ['nothing, where a test is all', { type: 'json', body: [{ op: 'test', path: '/spec/replicas', value: 99 }] }, []],
  ]
  for (const [title, patch, told] of effects) {
    it(`is seen: ${title}`, () => {
      const effect = effectOf(patch, DEPLOYMENT)
      expect('touches' in effect ? effect.touches.map(({ kind, path }) => `${kind} ${shown(path)}`) : effect).to.deep.equal(told)
    })
  }
  it('cannot be told where copies double without end', () => {
    const doubling = (length: number): PatchContent => ({ type: 'json', body: Array.from({ length }, (_, i) => ({ op: 'copy', from: '/metadata', path: `/metadata/annotations/c${i}` })) })
    expect(applied(doubling(8), sample())).to.have.property('object')
    expect(applied(doubling(40), sample())).to.deep.equal({ cannot: 'copies without end' })
  })
  it('cannot be told of too many operations, and can just before', () => {
    const many = (length: number): PatchContent => ({ type: 'json', body: Array.from({ length }, () => ({ op: 'replace', path: '/spec/replicas', value: 2 })) })
    expect(effectOf(many(64), DEPLOYMENT)).to.have.property('touches')
    expect(effectOf(many(65), DEPLOYMENT)).to.deep.equal({ undetermined: 'has more than 64 operations' })
  })
})

describe('patches as large as the schema lets them be', () => {
  const LONGEST = 8192
  const filled = (head: string, item: (index: number) => string, tail: string): string => {
    let text = head
    for (let i = 0; text.length + item(i).length + tail.length <= LONGEST; i++) text += item(i)
    return text + tail
  }
  const hostile: readonly [string, PatchBody['type'], string][] = [
    ['brackets', 'strategic', '['.repeat(LONGEST)],
    ['maps in maps', 'strategic', '{a: '.repeat(2000)],
    ['maps in maps, closed', 'strategic', `${'{a: '.repeat(1600)}x${'}'.repeat(1600)}`],
    ['lists in lists', 'json', `${'['.repeat(4000)}${']'.repeat(4000)}`],
    ['keys', 'merge', filled('{metadata: {annotations: {', (i) => `k${i}: x, `, '}}}')],
    ['containers', 'strategic', filled('spec: {template: {spec: {containers: [', (i) => `{name: c${i}, env: [{name: A, value: x}]},`, ']}}}')],
    ['variables', 'strategic', filled('spec: {template: {spec: {containers: [{name: app, env: [', (i) => `{name: V${i}, value: x},`, ']}]}}}')],
    ['operations', 'json', filled('[', () => '{op: add, path: /metadata/annotations/a, value: x},', ']')],
    ['copies that double', 'json', filled('[', () => '{op: copy, from: /metadata, path: /metadata/annotations/a},', ']')],
    ['a long pointer', 'json', `[{op: add, path: ${'/a'.repeat(4000)}, value: x}]`],
    ['a place beyond any', 'json', '[{op: replace, path: /spec/template/spec/containers/63/env/63/value, value: x}]'],
    ['anchors', 'strategic', filled('{', (i) => `k${i}: &a${i} x, `, '}')],
    ['a long number', 'strategic', `spec: {replicas: ${'9'.repeat(8000)}}`],
    ['a long quantity', 'strategic', `spec: {template: {spec: {containers: [{name: a, resources: {limits: {memory: "${'9'.repeat(8000)}"}}}]}}}`],
    ['a long key', 'strategic', `metadata: {annotations: {${'a.'.repeat(3900)}: x}}`],
    ['questions', 'strategic', '? '.repeat(4096)],
    ['questions in lists', 'strategic', '[?'.repeat(4096)],
    ['lists in maps in lists', 'strategic', '[{'.repeat(4096)],
    ['dashes', 'json', '- '.repeat(4096)],
    ['colons', 'strategic', 'a: '.repeat(2700)],
    ['steps to the right', 'strategic', Array.from({ length: 120 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['marks', 'strategic', '&a '.repeat(2700)],
    ['tags', 'strategic', '!a '.repeat(2700)],
    ['stars', 'strategic', '*a '.repeat(2700)],
    ['quotes that open', 'strategic', '"'.repeat(LONGEST)],
    ['commas', 'json', `[${','.repeat(8190)}]`],
    ['ends', 'strategic', ']'.repeat(LONGEST)],
    ['directives', 'strategic', '%a\n'.repeat(2700)],
    ['quotes', 'strategic', `"${'\\u0000'.repeat(1300)}": x`],
    ['block text', 'strategic', `a: |\n${' \n'.repeat(4000)}`],
    ['comments', 'strategic', '#\n'.repeat(4000)],
    ['documents', 'strategic', '---\n'.repeat(2000)],
  ]
  for (const [title, type, patch] of hostile) {
    it(`are judged at once: ${title}`, async function () {
      this.timeout(60_000)
      const spent = await processorTime(() => {
        const told = refused({ type, patch })
        if (title !== 'a place beyond any') expect(told).to.not.deep.equal([])
        expect(told.join('').length).to.be.lessThan(100_000)
      })
      expect(spent).to.be.below(3000)
    })
  }
})

describe('what a JSON patch tests', () => {
  const effect = (...operations: readonly object[]): string => {
    const found = effectOf({ type: 'json', body: operations }, DEPLOYMENT)
    return 'undetermined' in found ? found.undetermined : found.touches.map(({ path }) => shown(path)).join(' ')
  }
  const ENV = '/spec/template/spec/containers/0/env'
  const name = (place: number, value: string): object => ({ op: 'test', path: `${ENV}/${place}/name`, value })
  const write = (place: number, value = 'new'): object => ({ op: 'replace', path: `${ENV}/${place}/value`, value })
  const of = (variable: string): string => `spec.template.spec.containers[app].env[${variable}].value`

  it('is what is there', () => {
    expect(effect(write(0))).to.equal(of('item-0'))
    expect(effect(name(0, 'MINE'), write(0))).to.equal(of('MINE'))
    // The sample's own variables make way.
    expect(effect(name(1, 'LEVEL'), write(1))).to.equal(of('LEVEL'))
    expect(effect({ op: 'test', path: ENV, value: [{ name: 'A', value: 'x' }, { name: 'B', value: 'y' }] }, write(1))).to.equal(of('B'))
  })
  it('is not what the patch has written itself', () => {
    expect(effect(write(0), { op: 'test', path: `${ENV}/0/value`, value: 'new' })).to.equal(of('item-0'))
    expect(effect(write(0), { op: 'test', path: `${ENV}/0`, value: { name: 'MINE', value: 'new' } })).to.equal(of('MINE'))
  })
  it('cannot be two things', () => expect(effect(name(0, 'A'), name(0, 'B'), write(0))).to.match(/^has an operation that fits no object/))
  it('is not known in a list that was moved before', () => {
    const moved = 'tests an item of a list in which it has moved items before'
    expect(effect({ op: 'remove', path: `${ENV}/0` }, name(0, 'A'), write(0))).to.equal(moved)
    expect(effect({ op: 'add', path: `${ENV}/-`, value: { name: 'Z' } }, name(0, 'A'), write(0))).to.equal(moved)
    expect(effect(name(0, 'A'), write(0), { op: 'remove', path: `${ENV}/1` })).to.contain(of('A'))
    // A map whose keys are numbers is no list.
    expect(effect({ op: 'add', path: '/metadata/labels/1', value: 'x' }, { op: 'test', path: '/metadata/labels/2', value: 'y' })).to.equal('metadata.labels[1]')
  })
})
