import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { releasesOf } from './helm-records.ts'
import { helmRecord, releaseSecret } from './testing/helm-record.ts'

const CONFIG = join(import.meta.dirname, '../../config')
const OURS = 'metadata: {name: a, labels: {app.kubernetes.io/name: kubeskippy, app.kubernetes.io/part-of: kubeskippy}}'
const ours = `# Source: kubeskippy/templates/webhook.yaml\napiVersion: v1\nkind: Service\n${OURS}\n`
const theirs = 'apiVersion: v1\nkind: Service\nmetadata: {name: shop, labels: {app.kubernetes.io/part-of: kubeskippy}}\n'
const definition = readFileSync(join(CONFIG, 'crd/bases/kubeskippy.io_healingpolicies.yaml'), 'utf8')
const policy = 'apiVersion: kubeskippy.io/v1alpha1\nkind: HealingPolicy\nmetadata: {name: crashes, namespace: shop}\n'

const holds = (...data: readonly string[]): unknown => releasesOf(data.map((release, index) => releaseSecret('platform', index + 1, release)))[0]?.holds

describe("Helm's record of a release", () => {
  it('is of KubeSkippy alone with our chart and our objects: by labels, CRDs by name, policies by group', () => {
    expect(holds(helmRecord({ chart: 'kubeskippy', manifest: [definition, ours, policy].join('---\n') }))).to.deep.equal({ ours: true, others: false })
    expect(holds(helmRecord({ chart: 'kubeskippy', manifest: '' }))).to.deep.equal({ ours: true, others: false })
  })

  for (const [what, release] of [
    ['another chart with ours in it', helmRecord({ chart: 'platform', manifest: ours })],
    ['a chart of our name with an object of others', helmRecord({ chart: 'kubeskippy', manifest: `${ours}---\n${theirs}` })],
    ['a hook of others', helmRecord({ chart: 'kubeskippy', manifest: ours, hooks: [theirs] })],
    ['a manifest that cannot be read', helmRecord({ chart: 'kubeskippy', manifest: 'a: [' })],
    ['a record that cannot be read', Buffer.from('no gzip').toString('base64')],
    ['no record', ''],
  ] as const) it(`may hold more: ${what}`, () => expect(holds(release)).to.deep.equal({ ours: true, others: true }))

  it('is of others where nothing of ours is in it', () => expect(holds(helmRecord({ chart: 'prometheus', manifest: theirs }))).to.deep.equal({ ours: false, others: true }))

  it('counts with all of its revisions', () => {
    const [first, second] = [helmRecord({ chart: 'kubeskippy', manifest: ours }), helmRecord({ chart: 'platform', manifest: theirs })]
    expect(holds(first, second)).to.deep.equal({ ours: true, others: true })
    expect(releasesOf([releaseSecret('one', 1, first), releaseSecret('two', 1, second), releaseSecret('one', 2, first)]).map(({ name, records }) => [name, records.length])).to.deep.equal([['one', 2], ['two', 1]])
  })
})
