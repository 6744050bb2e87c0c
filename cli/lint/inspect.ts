/** One object through all layers: what nobody knows, schema and CEL, rules. Pure, total. */
import { API_VERSION, GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { resources } from '../../shared/api/v1alpha1/resources.ts'
import { isObject } from '../../shared/lib/json.ts'
import { nearest, quoted } from '../../shared/lib/text.ts'
import { judgeObject } from '../../shared/rules/cel/judge.ts'
import { judge, normalised } from '../../shared/rules/judge.ts'
import type { Installation } from '../../shared/rules/rule.ts'
import type { Violation } from '../../shared/rules/violation.ts'
import { unknownInObject } from '../../shared/schema/defaults.ts'
import type { Issue } from '../../shared/schema/issue.ts'
import type { CustomResource } from '../../shared/schema/structural.ts'
import { meantBy } from '../../shared/schema/stray-fields.ts'
import type { UnknownField } from '../../shared/schema/walk.ts'
import { compileResource, type SchemaCheck } from '../../shared/schema/validate.ts'
import { refusedWithout, ungrantedOffline } from './exemption.ts'
import type { Remark } from './finding.ts'
import { LAYERS } from './layers.ts'
import { shapeFix } from './shape-fix.ts'

export type Inspect = (object: unknown) => readonly Remark[]

/** undefined: it is an object of somebody else. */
export function inspectorOf(object: unknown, installation: Installation): Inspect | undefined {
  const { apiVersion, kind } = isObject(object) ? object : {}
  const resource = resources.find((each) => each.kind === kind)
  if (!isOurs(apiVersion, resource)) return undefined
  if (resource === undefined) return () => [unknownKind(kind)]
  return (value) => inspect(resource, value, installation)
}

/** By its group, also where that has a mistake: an object that is passed over in silence is not safe. */
function isOurs(apiVersion: unknown, resource: CustomResource | undefined): boolean {
  if (typeof apiVersion !== 'string') return resource !== undefined
  const group = apiVersion.split('/')[0] ?? ''
  return group === GROUP || (resource !== undefined && nearest(group, [GROUP]).length > 0)
}

function unknownKind(kind: unknown): Remark {
  const names = resources.map((each) => each.kind)
  const [near] = typeof kind === 'string' ? nearest(kind, names) : []
  const { id } = LAYERS.shape
  // Its plural is the same in small letters, and kubectl asks by that.
  const isFound = typeof kind === 'string' && names.some((name) => name.toLowerCase() === kind.toLowerCase())
  const why = isFound ? 'kubectl creates such an object, and fails when it is to change it' : LAYERS.shape.why
  return { rule: id, level: 'error', path: 'kind', what: `must be one of ${names.join(', ')}${typeof kind === 'string' ? `, not ${quoted(kind)}` : ''}`, why, ...(near === undefined ? {} : { fix: `did you mean ${near}?` }) }
}

/** Compiled when the first object of the kind is met. */
const checks = new Map<CustomResource, SchemaCheck>()

function checkOf(resource: CustomResource): SchemaCheck {
  const known = checks.get(resource)
  if (known !== undefined) return known
  const check = compileResource(resource, API_VERSION)
  checks.set(resource, check)
  return check
}

/** The API server drops the status of what is applied before it looks at it. */
function withoutStatus(object: unknown): unknown {
  if (!isObject(object)) return object
  const { status: _, ...rest } = object
  return rest
}

/** Rules judge only what has the shape of its schema: the API server asks the door no earlier either. */
function inspect(resource: CustomResource, object: unknown, installation: Installation): readonly Remark[] {
  const unknown = isObject(object) ? Array.from(unknownInObject(resource, object), (field) => unknownField(resource, field)) : []
  const issues = judgeObject(resource, checkOf(resource), withoutStatus(object))
  if (issues.length > 0 || resource.kind !== healingPolicy.kind) return [...unknown, ...issues.map((issue) => fromIssue(resource, issue))]
  const { violations, warnings } = judge(object, { installation })
  // Of the same field the rule would say less: what the file has, kubectl refuses.
  const others = [...violations, ...warnings].filter(({ rule, path }) => rule !== LAYERS.unknown.id || !unknown.some((field) => field.path === path))
  const policy = normalised(object)
  if (policy === undefined) return [...unknown, ...others.map(fromViolation)]
  return [...unknown, ...ungrantedOffline(policy), ...others.map((violation) => ({ ...fromViolation(violation), ...refusedWithout(policy, violation) }))]
}

function unknownField(resource: CustomResource, field: UnknownField): Remark {
  const { id, why, fix } = LAYERS.unknown
  const { path, name } = field
  const meant = meantBy(resource, field)
  const parent = path.slice(0, path.length - name.length)
  // In the same place its name is enough.
  const near = meant?.startsWith(parent) === true && !meant.slice(parent.length).includes('.') ? meant.slice(parent.length) : meant
  return { rule: id, level: 'error', path, what: `there is no field ${quoted(path, 120)}`, why, fix: near === undefined ? fix : `did you mean ${near}?`, aboutName: true, ofFile: true }
}

const fromIssue = (resource: CustomResource, { kind, path, message, entry }: Issue): Remark => ({ rule: kind, level: 'error', path, what: message, why: LAYERS.shape.why, fix: shapeFix(resource, { path, message }), ...(entry === undefined ? {} : { entry }) })

export const fromViolation = ({ rule, severity, path, what, why, fix, at }: Violation): Remark => ({
  rule,
  level: severity === 'W' ? 'warning' : 'error',
  path,
  what,
  why,
  fix,
  ...(at === undefined ? {} : { within: at }),
})
