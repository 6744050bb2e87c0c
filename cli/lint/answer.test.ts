import { expect } from 'chai'
import * as fc from 'fast-check'
import { ApiError } from '../../shared/kube/errors.ts'
import { RULES } from '../../shared/rules/registry.ts'
import type { Violation } from '../../shared/rules/violation.ts'
import { refusal, warnings } from '../../webhook/admission/wording.ts'
import { fromRefusal, fromWarning, noVerdict } from './answer.ts'
import { fromViolation } from './inspect.ts'

const word = fc.constantFrom('a value', '"x: [y]"', 'shorter than 2m; or so', 'says "a — b"', 'ends')
const paths = fc.constantFrom('spec.mode', 'spec.triggers[0].metricTrigger.query', 'metadata.namespace', 'spec.selector.labelSelector.matchLabels.app.kubernetes.io/name', 'metadata.annotations')
const violation = (severity: Violation['severity']) =>
  fc.record({ rule: fc.constantFrom(...RULES.map(({ id }) => id)), path: paths, what: word, why: fc.constant('why it is'), fix: fc.constant('write this; or that') }).map((parts): Violation => ({ ...parts, severity }))
const unique = (severity: Violation['severity'], maxLength: number) => fc.uniqueArray(violation(severity), { minLength: 1, maxLength, selector: ({ rule, path }) => `${rule} ${path}` })

const keys = (remarks: readonly { readonly rule: string; readonly path: string }[]): string[] => remarks.map(({ rule, path }) => `${rule} ${path}`)

describe('what the door says', () => {
  it('comes back whole out of the causes of a 422', () => {
    fc.assert(
      fc.property(unique('E', 20), (violations) => {
        const status = refusal(violations, { namespace: 'shop', name: 'cart' })
        const told = fromRefusal({ causes: 'details' in status ? status.details.causes : [], serverMessage: `admission webhook "x" denied the request: ${status.message}` }, [])
        expect(keys(told.remarks)).to.deep.equal(keys(violations))
        for (const [index, remark] of told.remarks.entries()) expect([remark.what, remark.why, remark.fix].filter(Boolean).join(' — ')).to.equal([violations[index]?.what, violations[index]?.why, violations[index]?.fix].join(' — '))
        expect(told.more).to.equal(false)
      }),
    )
  })

  it('comes back out of the message of a 403, one or several', () => {
    fc.assert(
      fc.property(unique('F', 20), (violations) => {
        const { message } = refusal(violations, { namespace: 'shop', name: 'cart' })
        const told = fromRefusal({ causes: [], serverMessage: `admission webhook "door.kubeskippy.io" denied the request: ${message}` }, [])
        expect(keys(told.remarks)).to.deep.equal(keys(violations))
      }),
    )
  })

  it('is known to be cut', () => {
    const violations = Array.from({ length: 21 }, (_, index): Violation => ({ rule: 'KS401', severity: 'E', path: `spec.x[${index}]`, what: 'a', why: 'b', fix: 'c' }))
    const status = refusal(violations, { namespace: 'shop', name: 'cart' })
    const told = fromRefusal({ causes: 'details' in status ? status.details.causes : [], serverMessage: status.message }, [])
    expect({ count: told.remarks.length, more: told.more }).to.deep.equal({ count: 20, more: true })
    const forbidden = refusal(violations.map((each) => ({ ...each, severity: 'F' })), { namespace: 'shop', name: 'cart' })
    expect(fromRefusal({ causes: [], serverMessage: forbidden.message }, []).more).to.equal(true)
  })

  it('comes back out of warnings, with the words of the lint where it knows them', () => {
    fc.assert(
      fc.property(violation('W'), (each) => {
        const [text = ''] = warnings([each], { namespace: 'shop', name: 'cart' })
        const told = fromWarning(text, [fromViolation(each)])
        expect(told).to.deep.equal(fromViolation(each))
        expect(fromWarning(text, [])).to.include({ rule: each.rule, level: 'warning', path: each.path })
      }),
    )
  })
})

describe('what the API server says', () => {
  it('of the schema is told in the words of the lint', () => {
    const offline = [{ rule: 'KS002', level: 'error', path: 'spec.x', what: 'ours' }] as const
    const causes = [{ field: 'spec.x', message: 'Invalid value: theirs' }, { field: 'spec.y', message: 'Required value' }, { field: '<nil>', message: 'Invalid value: null: some validation rules were not checked because ...' }]
    expect(fromRefusal({ causes, serverMessage: '' }, offline).remarks).to.deep.equal([offline[0], { rule: 'KS001', level: 'error', path: 'spec.y', what: 'Required value' }])
  })
  it('of several labels is told of each', () => {
    const offline = ['a', 'b'].map((key) => ({ rule: 'KS001', level: 'error', path: 'metadata.labels', what: key, entry: { key, part: 'value' } }) as const)
    const causes = offline.map(() => ({ field: 'metadata.labels', message: 'Invalid value: theirs' }))
    expect(fromRefusal({ causes, serverMessage: '' }, offline).remarks).to.deep.equal(offline)
  })
  it('of a number beyond its format has its field at the end', () => {
    expect(fromRefusal({ causes: [{ message: 'Invalid value: "number": x must be of type integer with format int32 in spec.z' }], serverMessage: '' }, []).remarks).to.have.nested.property('[0].path', 'spec.z')
  })
  it('of unknown fields is a warning, and an error to the lint', () => {
    expect(fromWarning('unknown field "spec.trigers"', [])).to.include({ rule: 'KS505', level: 'error', path: 'spec.trigers' })
  })
  it('else is told as it is', () => {
    expect(fromWarning('spec.x is deprecated', [])).to.include({ rule: 'KS004', level: 'warning', what: 'spec.x is deprecated' })
    expect(fromRefusal({ causes: [], serverMessage: "ValidatingAdmissionPolicy 'a' with binding 'b' denied request: no" }, []).remarks).to.deep.equal([{ rule: 'KS004', level: 'error', path: '', what: "ValidatingAdmissionPolicy 'a' with binding 'b' denied request: no" }])
  })

  const verdicts: readonly [what: string, kind: ApiError['kind'], message: string, none: boolean][] = [
    ['a refusal', 'Invalid', 'x', false],
    ['what cannot be decoded', 'BadRequest', 'x', false],
    ['a refusal of the author', 'Forbidden', 'admission webhook "x" denied the request: HealingPolicy "a": spec.actions[0]: [KS108] you may not', false],
    ['a quota', 'Forbidden', 'healingpolicies.kubeskippy.io "a" is forbidden: exceeded quota: q', false],
    ['no right to ask', 'Forbidden', 'healingpolicies.kubeskippy.io is forbidden: User "eve" cannot create resource "healingpolicies"', true],
    ['no namespace', 'NotFound', 'namespaces "x" not found', true],
    ['a webhook that is down', 'Server', 'failed calling webhook', true],
    ['no connection', 'Network', '', true],
  ]
  for (const [what, kind, serverMessage, none] of verdicts) {
    it(`is ${none ? 'no' : 'a'} verdict: ${what}`, () => expect(noVerdict(new ApiError({ kind, code: 0, request: 'r', serverMessage }))).to.equal(none))
  }
})
