/** A plan from a seed. */
import { chanceOf, type Chance } from '../engine/chance.ts'
import { ACT_FAULTS, draw, FAULTS, LIFE, NAMESPACES, TROUBLE, type Draws, type World } from './draws.ts'
import { policyOf, timed } from './policies.ts'
import type { Plan, PolicyPlan, Timed, WorkloadPlan } from './plan.ts'
import { PROFILES, type Profile } from './profiles.ts'

/** Seconds. After the calm everything has the time that it may need, and at the end nothing to do. */
const RECOVERY = 420
const ENDING = 600

/** Share of plans in which policies have to share what is little. */
const SCARCE = 0.15

/** Drawn apart: a plan that has it is otherwise as without. */
function limitsOf(seed: number): Pick<Plan, 'limits'> {
  const chance = chanceOf(seed, 'limits')
  return chance.happens(SCARCE) ? { limits: { namespace: chance.between(1, 3), cluster: chance.between(2, 4) } } : {}
}

/** Share of plans whose policies have budgets and schedules of their own; drawn apart as well. */
const TIMED = 0.15

function timesOf(seed: number, policies: readonly PolicyPlan[]): readonly PolicyPlan[] {
  const chance = chanceOf(seed, 'times')
  return chance.happens(TIMED) ? policies.map((policy) => timed(chance, policy)) : policies
}

/** Each seed has the profile of its turn, so that a few seeds in a row have seen them all. */
export const profileOf = (seed: number): Profile => PROFILES[seed % PROFILES.length] ?? PROFILES[0]

export function planOf(seed: number): Plan {
  const profile = profileOf(seed)
  const { calm } = profile
  const chance = chanceOf(seed, 'plan')
  const some = (span: readonly [number, number]): number => chance.between(...span)
  const workloads = Array.from({ length: some(profile.workloads) }, (_, n): WorkloadPlan => ({
    kind: chance.happens(profile.stateful) ? 'StatefulSet' : 'Deployment',
    namespace: n === 0 ? 'shop' : chance.pick(NAMESPACES),
    name: ['cart', 'pay', 'mail'][n] ?? `app-${n}`,
    replicas: some(profile.replicas),
    readyAfter: chance.pick([1, 3, 10, 45]),
    ...(chance.happens(profile.budgets) ? { budget: 1 } : {}),
  }))
  const policies = workloads.flatMap((of, n) => [policyOf(chance, of, of.name, profile.policy), ...(chance.happens(profile.others) ? [policyOf(chance, of, `also-${n}`, profile.policy)] : [])])
  const controllers = chance.pick(profile.controllers)
  const world: World = { workloads, policies: policies.length, controllers: controllers === 'alone' ? 1 : 2 }
  const { symptoms, cures } = profile
  const trouble = Array.from({ length: some(profile.trouble) }, (_, n): Timed => ({ ...draw(chance, TROUBLE(symptoms, cures))(chance, world), at: n === 0 ? chance.between(10, 30) : chance.between(15, calm - 60) }))
  // What comes while something is being healed is what matters.
  const amid = (): number => Math.min(calm - 10, chance.happens(0.75) ? chance.pick(trouble).at + chance.between(0, 90) : chance.between(15, calm - 10))
  const drawn = (from: Draws, count: number): Timed[] => Array.from({ length: count }, () => ({ ...draw(chance, from)(chance, world), at: amid() }))
  const life = drawn(LIFE, some(profile.life))
  // Some without any fault: what goes wrong there is easy to understand.
  const faults = drawn(FAULTS, chance.happens(0.1) ? 0 : some(profile.faults))
  const acts = faults.length === 0 ? [] : drawn(ACT_FAULTS, some(profile.acts))
  const aimed = Array.from({ length: some(profile.aimed) }, () => drawAimed(profile, chance, world, trouble)).flat()
  const happenings = [...trouble, ...life, ...faults, ...acts, ...aimed].toSorted((a, b) => a.at - b.at)
  return { seed, profile: profile.name, controllers, ...limitsOf(seed), workloads, policies: timesOf(seed, policies), happenings, calm, cured: calm + RECOVERY, end: calm + RECOVERY + ENDING }
}

/** All of one aim from one moment on: shortly after some trouble has begun, before it is acted on. Or just before the calm. */
function drawAimed({ aims, calm }: Profile, chance: Chance, world: World, trouble: readonly Timed[]): Timed[] {
  const at = chance.pick(trouble).at + chance.between(0, 3)
  return chance.pick(aims)(chance, world).map(({ later = 0, last, ...happening }) => ({ ...happening, at: last === undefined ? Math.min(calm - 10, at + later) : calm - last }))
}
