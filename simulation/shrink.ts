/** Makes a plan that fails as short as it can be while it fails in the same way. */
import type { Plan } from './plan/plan.ts'

/** Whether a plan fails as the first one did. */
export type Fails = (plan: Plan) => Promise<boolean>

export interface Shrunk {
  readonly plan: Plan
  readonly tries: number
}

/** Each of them is a plan that is simpler than the given one. The ones that take most away come first. */
function* simpler(plan: Plan): Iterable<Plan> {
  const { limits, ...roomy } = plan
  const { happenings, policies, workloads, controllers } = plan
  for (let size = happenings.length; size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < happenings.length; from += size) yield { ...plan, happenings: happenings.filter((_, n) => n < from || n >= from + size) }
  }
  // What names one by its number names another one then, or the same; whether it still fails is looked at anyway.
  for (const [at] of policies.entries()) if (policies.length > 1) yield { ...plan, policies: policies.filter((_, n) => n !== at) }
  for (const [at] of workloads.entries()) if (workloads.length > 1) yield { ...plan, workloads: workloads.filter((_, n) => n !== at) }
  if (controllers !== 'alone') yield { ...plan, controllers: 'alone' }
  if (limits !== undefined) yield roomy
  for (const [at, workload] of workloads.entries()) {
    if (workload.replicas > 1) yield { ...plan, workloads: workloads.with(at, { ...workload, replicas: 1 }) }
    const { budget, ...rest } = workload
    if (budget !== undefined) yield { ...plan, workloads: workloads.with(at, rest) }
  }
  for (const [at, policy] of policies.entries()) {
    const { spec } = policy
    for (const list of ['triggers', 'actions'] as const) {
      const members = spec[list] ?? []
      for (const [n] of members.entries()) if (members.length > 1) yield { ...plan, policies: policies.with(at, { ...policy, spec: { ...spec, [list]: members.filter((_, m) => m !== n) } }) }
    }
    for (const times of ['budgets', 'schedules'] as const) {
      const rules = Object.fromEntries(Object.entries(spec.safetyRules ?? {}).filter(([name]) => name !== times)) as typeof spec.safetyRules
      if (spec.safetyRules?.[times] !== undefined) yield { ...plan, policies: policies.with(at, { ...policy, spec: { ...spec, safetyRules: rules } as typeof spec }) }
    }
  }
}

/** @param most tries: each is a whole run */
export async function shrink(plan: Plan, fails: Fails, most: number): Promise<Shrunk> {
  let best = plan
  let tries = 0
  for (let found = true; found && tries < most; ) {
    found = false
    for (const candidate of simpler(best)) {
      if (tries >= most) break
      tries++
      if (!(await fails(candidate))) continue
      best = candidate
      found = true
      break
    }
  }
  return { plan: best, tries }
}
