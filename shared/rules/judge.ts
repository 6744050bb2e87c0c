/** Runs the rules over a policy: the one entry for the door, the lint and the controller. Pure, total. */
import { withContextDefaults } from '../api/v1alpha1/context-defaults.ts'
import { API_VERSION } from '../api/v1alpha1/fields.ts'
import { healingPolicy } from '../api/v1alpha1/healing-policy.schema.ts'
import type { HealingPolicy } from '../api/v1alpha1/types.ts'
import { isObject, isShallow } from '../lib/json.ts'
import { remembered } from '../lib/remembered.ts'
import { applyDefaults, prune } from '../schema/defaults.ts'
import { accessKey, type AccessQuestion } from './access.ts'
import { exemptions } from './exemptions.ts'
import { DEEPEST, tolerance } from './ratchet.ts'
import { RULES } from './registry.ts'
import type { Known, Rule, RuleContext } from './rule.ts'
import { shapeProblems } from './shape.ts'
import { compareViolations, violationKey, type Lowered, type Violation } from './violation.ts'

export interface Judgement {
  /** E and F: each of them refuses the policy. */
  readonly violations: readonly Violation[]
  readonly warnings: readonly Violation[]
}

/** What of it is not given is taken from the objects. */
export interface JudgeContext extends Omit<RuleContext, 'given' | 'stored'> {
  /** What is stored, on an update: an old violation in an object that gets no riskier is a warning. */
  readonly old?: unknown
  /** Those that are asked; default: all. */
  readonly rules?: readonly Rule[]
}

/** Of these somebody may lack a right. */
export const RIGHTS_RULES: readonly Rule[] = RULES.filter(({ severity }) => severity === 'F')

/** Constants and context defaults are applied to both objects first. Neither is touched. */
export function judge(policy: unknown, { old, rules = RULES, ...known }: JudgeContext): Judgement {
  const read = readPolicy(policy)
  const before = old === undefined ? undefined : readPolicy(old)
  const context = { ...known, given: policy, ...(before !== undefined && 'policy' in before ? { stored: before.policy } : {}) }
  const exempted = 'policy' in read ? exemptions(read.policy, context) : new Set<string>()
  const tolerated = toleratedBy(read, before, known, rules)
  const lowered = (violation: Violation): Lowered | undefined => (isExempted(violation, exempted) ? 'Exempted' : tolerated(violation) ? 'Tolerated' : undefined)
  const judged = inspect(read, context, rules).map((violation): Violation => {
    const why = violation.severity === 'W' ? undefined : lowered(violation)
    return why === undefined ? inVain(violation, exempted) : { ...violation, severity: 'W', lowered: why }
  })
  return {
    violations: judged.filter(({ severity }) => severity !== 'W'),
    warnings: judged.filter(({ severity }) => severity === 'W'),
  }
}

const EXEMPTABLE: ReadonlySet<string> = new Set(RULES.filter(({ noExemption }) => noExemption === undefined).map(({ id }) => id))

const isExempted = ({ rule, noExemption }: Violation, exempted: ReadonlySet<string>): boolean => noExemption === undefined && exempted.has(rule) && EXEMPTABLE.has(rule)

/** Whoever has written an exemption is told why it does not count. */
const inVain = (violation: Violation, exempted: ReadonlySet<string>): Violation =>
  violation.noExemption === undefined || violation.severity === 'W' || !exempted.has(violation.rule) ? violation : { ...violation, what: `${violation.what}, and the exemption from ${violation.rule} does not count for it: ${violation.noExemption}` }

function toleratedBy(now: Read, old: Read | undefined, known: Omit<RuleContext, 'given' | 'stored'>, rules: readonly Rule[]): (violation: Violation) => boolean {
  if (old === undefined) return () => false
  return tolerance(now, old, () => ('policy' in old ? inspect(old, { ...known, stored: old.policy }, rules) : []))
}

/** What the API server has to be asked before `judge` can judge it, each once. Of what is stored as well: it is judged beside. */
export function questionsOf(policy: unknown, old?: unknown, known?: Known): readonly AccessQuestion[] {
  const [now, before] = [policy, old].map((value) => (value === undefined ? undefined : normalised(value)))
  const context = { ...known, ...(before === undefined ? {} : { stored: before }) }
  const asked = [now, before].flatMap((one) => (one === undefined ? [] : RULES.flatMap(({ asks }) => asks?.(one, context) ?? [])))
  const each = [...new Map(asked.map((question) => [accessKey(question), question])).values()]
  // What time runs out for should be what refuses nobody.
  return [...each.filter(({ optional }) => optional !== true), ...each.filter(({ optional }) => optional === true)]
}

/** A policy that has all defaults and the shape of the schema, or what is wrong with it. */
type Read = { readonly policy: HealingPolicy } | { readonly problems: readonly Violation[]; readonly spec: unknown }

/**
 * The policy as the API server would store it, with the context defaults; undefined when it does not have the shape
 * of the schema.
 */
export function normalised(value: unknown): HealingPolicy | undefined {
  const read = readPolicy(value)
  return 'policy' in read ? read.policy : undefined
}

const readPolicy = (value: unknown): Read => (isObject(value) ? readObject(value) : misshapen([{ path: '', what: 'must be an object' }], undefined))

/** Once for all that is asked about one object: rules that look at its neighbours remember by what comes out. */
const readObject = remembered((value: Record<string, unknown>): Read => {
  const { apiVersion, kind, metadata, spec: given } = value
  if (!isShallow(given, DEEPEST)) return misshapen([{ path: 'spec', what: `is nested deeper than ${DEEPEST} levels` }], given)
  const { spec, problems: ofSpec } = isObject(given) ? readSpecObject(given) : readSpec(given)
  const problems = [
    ...(apiVersion === API_VERSION ? [] : [{ path: 'apiVersion', what: `must be ${API_VERSION}` }]),
    ...(kind === healingPolicy.kind ? [] : [{ path: 'kind', what: `must be ${healingPolicy.kind}` }]),
    ...metadataProblems(metadata),
    ...ofSpec,
  ]
  if (problems.length > 0) return misshapen(problems, spec)
  // Checked just now, member by member.
  return { policy: withContextDefaults({ apiVersion, kind, metadata, spec } as HealingPolicy) }
})

function readSpec(given: unknown): { readonly spec: unknown; readonly problems: readonly { path: string; what: string }[] } {
  const spec = applyDefaults(healingPolicy.spec, prune(healingPolicy.spec, given))
  return { spec, problems: [...shapeProblems(healingPolicy.spec, spec, 'spec')] }
}

/** Once for two objects that share it. */
const readSpecObject = remembered(readSpec)

function metadataProblems(metadata: unknown): { path: string; what: string }[] {
  if (!isObject(metadata)) return [{ path: 'metadata', what: 'must be an object' }]
  const { namespace } = metadata
  return namespace === undefined || typeof namespace === 'string' ? [] : [{ path: 'metadata.namespace', what: 'must be a string' }]
}

const misshapen = (problems: readonly { path: string; what: string }[], spec: unknown): Read => ({
  spec,
  problems: problems.map(({ path, what }) => ({
    rule: 'KS001',
    severity: 'E',
    path,
    what,
    why: 'no rule can judge an object that does not have the shape of its schema',
    fix: 'see kubectl explain healingpolicy.spec --recursive',
  })),
})

function inspect(read: Read, context: RuleContext, rules: readonly Rule[]): Violation[] {
  if ('problems' in read) return read.problems.toSorted(compareViolations)
  const found = new Map<string, Violation>()
  for (const { id, severity, why, fix, check } of rules) {
    for (const finding of check(read.policy, context)) {
      const violation = { rule: id, severity, why, fix, ...finding }
      found.set(violationKey(violation), violation)
    }
  }
  return [...found.values()].toSorted(compareViolations)
}
