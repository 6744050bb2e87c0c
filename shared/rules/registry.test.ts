import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { parseAllDocuments } from 'yaml'
import { healingPolicy } from '../api/v1alpha1/healing-policy.schema.ts'
import type { KindReference } from '../api/v1alpha1/kinds.ts'
import type { HealingPolicy } from '../api/v1alpha1/types.ts'
import { isObject } from '../lib/json.ts'
import type { Access } from './access.ts'
import type { Neighbourhood } from './across/neighbours.ts'
import type { LiveObject } from './across/live-objects.ts'
import { BEYOND_TEXTS, UNUSED_IDS } from './beyond.ts'
import { judge, normalised } from './judge.ts'
import { MECHANISMS } from './mechanisms.ts'
import { RULES } from './registry.ts'
import { DEFAULT_INSTALLATION, type Known } from './rule.ts'

const folder = (kind: string): URL => new URL(`../../config/samples/${kind}/rules/`, import.meta.url)
const sample = (kind: string, id: string): string => readFileSync(new URL(`${id.toLowerCase()}.yaml`, folder(kind)), 'utf8')
/** `ks204-query.yaml`: of a rule about more than one thing. */
const MORE = /^(ks[0-9]{3})-[a-z-]+\.yaml$/
const MORE_SAMPLES = ['valid', 'invalid'].flatMap((kind) => readdirSync(folder(kind)).flatMap((file) => (MORE.test(file) ? [{ kind, name: file.replace('.yaml', ''), id: file.slice(0, 5).toUpperCase() }] : [])))
/** The last document is the sample; those before it are what else is in the cluster. */
const documentsOf = (text: string): readonly unknown[] => parseAllDocuments(text).map((document): unknown => document.toJS())
const othersOf = (text: string): readonly HealingPolicy[] => documentsOf(text).slice(0, -1).flatMap((other) => normalised(other) ?? [])
/** Of kinds that are none of ours. */
const previewOf = (text: string): Pick<Known, 'preview'> => {
  const objects = documentsOf(text).slice(0, -1).flatMap((other, index) => (isObject(other) && other['kind'] !== healingPolicy.kind ? [liveObject(other, index)] : []))
  return objects.length === 0 ? {} : { preview: { namespace: 'shop', live: { objects, complete: true } } }
}
const liveObject = (object: Record<string, unknown>, index: number): LiveObject => ({ ...(object as unknown as KindReference), ...(object['metadata'] as Pick<LiveObject, 'namespace' | 'name' | 'labels'>), uid: `u${index}`, owner: undefined })
const aroundOf = (text: string): Neighbourhood => ({ policies: othersOf(text), goesFirst: () => true })
/** Whoever needs the API server gets one answer to all that is asked. */
const judged = (text: string, access?: Access, around = aroundOf(text)) => judge(documentsOf(text).at(-1), { installation: DEFAULT_INSTALLATION, around, ...previewOf(text), ...(access === undefined ? {} : { access: () => access }) })

describe('the registry of rules', () => {
  it('has each id once, of the form KSnnn, in order within the whole', () => {
    const ids = RULES.map(({ id }) => id)
    expect(ids.filter((id) => !/^KS[1-9][0-9]{2}$/.test(id))).to.deep.equal([])
    expect(ids).to.deep.equal([...new Set(ids)].sort())
  })

  it('has a sentence, a reason and a way out for each rule, on one line and without a full stop in the parts that are joined', () => {
    for (const { id, title, why, fix } of RULES) {
      expect(title, id).to.match(/^[A-Za-z].*\.$/)
      for (const part of [why, fix]) expect(part, id).to.match(/^[a-z][^\n]*[^.\n]$/)
    }
  })

  it('tells of each rule what really happens where it is broken', () => {
    for (const { id } of RULES) expect(MECHANISMS[id], `${id}: write it into mechanisms.ts`).to.match(/^[A-Z][^\n]{80,}[.:]$/)
  })

  it('is told apart from what others say, which is told as fully', () => {
    const ids = [...RULES, ...BEYOND_TEXTS, ...UNUSED_IDS].map(({ id }) => id)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).to.deep.equal([])
    for (const { id, title, why, fix, by, noExemption } of BEYOND_TEXTS) {
      expect(title, id).to.match(/^[A-Z].*\.$/)
      for (const part of [why, fix, by, noExemption]) expect(part, id).to.match(/^[a-zA-Z][^\n]*[^.\n]$/)
      expect(MECHANISMS[id], id).to.match(/^[A-Z`][^\n]{80,}[.:]$/)
    }
    expect(Object.keys(MECHANISMS).sort()).to.deep.equal([...RULES, ...BEYOND_TEXTS].map(({ id }) => id).sort())
  })

  it('has no sample without a rule', () => {
    const files = RULES.map(({ id }) => `${id.toLowerCase()}.yaml`)
    for (const kind of ['valid', 'invalid']) expect(readdirSync(folder(kind)).filter((file) => !MORE.test(file)).sort()).to.deep.equal(files)
    for (const { id } of MORE_SAMPLES) expect(RULES.map((rule) => rule.id)).to.include(id)
  })

  for (const { kind, name, id } of MORE_SAMPLES) {
    it(`${name}.yaml, a further ${kind} sample of ${id}, ${kind === 'valid' ? 'is minded by no rule' : 'breaks this rule alone, at the path that its first line names'}`, () => {
      const text = sample(kind, name)
      const [, named, path] = /^# expect: (KS[0-9]+) (\S+)\n/.exec(text) ?? []
      const { violations, warnings } = judged(text, 'Allowed')
      expect([...violations, ...warnings].map((found) => `${found.severity} ${found.rule} ${found.path}`)).to.deep.equal(kind === 'valid' ? [] : [`E ${id} ${path}`])
      expect(named).to.equal(kind === 'valid' ? undefined : id)
    })
  }

  /** Which only the API server can find are warned about elsewhere. */
  const WARNING = RULES.filter(({ id, alsoWarns, needs }) => alsoWarns === true && needs === undefined && id !== 'KS107')
  it('has a sample of what a rule that refuses only warns about', () => expect(readdirSync(folder('warned')).sort()).to.deep.equal(WARNING.map(({ id }) => `${id.toLowerCase()}.yaml`)))
  for (const { id } of WARNING) {
    it(`${id}: what it only warns about is stored, and breaks no other rule`, () => {
      const text = sample('warned', id)
      const [, named, path] = /^# expect: (KS[0-9]+) (\S+)\n/.exec(text) ?? []
      const { violations, warnings } = judged(text, 'Allowed')
      expect([named, violations]).to.deep.equal([id, []])
      expect(warnings.map((found) => `${found.rule} ${found.path}`)).to.deep.equal([`${id} ${path}`])
    })
  }

  it('minds none of the valid samples of the other layers', () => {
    const samples = new URL('../../config/samples/valid/', import.meta.url)
    // It goes to the bounds of the schema, which are wider than those of the rules.
    const files = readdirSync(samples).filter((name) => name.endsWith('.yaml') && name !== 'limits.yaml')
    for (const file of files) {
      const documents = parseAllDocuments(readFileSync(new URL(file, samples), 'utf8')).map((document): unknown => document.toJS())
      const now = documents.at(-1)
      if (!isObject(now) || now['kind'] !== 'HealingPolicy') continue
      const old = documents.length > 1 ? { old: documents[0] } : {}
      expect(judge(now, { installation: DEFAULT_INSTALLATION, ...old }).violations, file).to.deep.equal([])
    }
  })

  it('says of each rule that asks what it needs', () => {
    expect(RULES.filter(({ asks, needs, partlyNeeds }) => asks !== undefined && needs === undefined && partlyNeeds === undefined).map(({ id }) => id)).to.deep.equal([])
  })

  for (const { id, severity, asks, partlyNeeds } of RULES) {
    const isOnlyAsked = asks !== undefined && partlyNeeds === undefined
    it(`${id}: its invalid sample breaks this rule alone, at the path that its first line names`, () => {
      const text = sample('invalid', id)
      const { violations, warnings } = judged(text, !isOnlyAsked || documentsOf(text).length > 1 ? undefined : 'Denied')
      const [, named, path] = /^# expect: (KS[0-9]+) (\S+)\n/.exec(text) ?? []
      expect(named).to.equal(id)
      expect([...violations, ...warnings].map((found) => `${found.severity} ${found.rule} ${found.path}`)).to.deep.equal([`${severity} ${id} ${path}`])
    })

    it(`${id}: no rule minds its valid sample`, () => {
      expect(judged(sample('valid', id), 'Allowed')).to.deep.equal({ violations: [], warnings: [] })
    })

    const others = othersOf(sample('invalid', id))
    if (others.length > 0) {
      it(`${id}: is not checked where nobody knows of other policies, and minds none of them alone`, () => {
        expect(judged(sample('invalid', id), undefined, { policies: [], goesFirst: () => true })).to.deep.equal({ violations: [], warnings: [] })
        for (const other of [...others, ...othersOf(sample('valid', id))]) expect(judge(other, { installation: DEFAULT_INSTALLATION })).to.deep.equal({ violations: [], warnings: [] })
      })
    } else if (isOnlyAsked && severity !== 'W') {
      it(`${id}: is not checked where nobody can ask, and refuses where there is no answer`, () => {
        expect(judged(sample('invalid', id))).to.deep.equal({ violations: [], warnings: [] })
        expect(judged(sample('valid', id), 'Unknown').violations.map(({ rule }) => rule)).to.include(id)
      })
    }
  }
})
