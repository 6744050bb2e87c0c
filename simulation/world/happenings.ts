/** Makes what a plan says happen, each at its time, and undone again where it lasts for a while. */
import type { Chance } from '../engine/chance.ts'
import type { Replica } from '../engine/replica.ts'
import type { Happening, Plan } from '../plan/plan.ts'
import { FAULTS } from './faults.ts'
import { LIFE } from './life.ts'
import type { Makes, Note, Scene } from './scene.ts'
import type { World } from './world.ts'

export interface HappeningsOptions {
  readonly plan: Plan
  readonly world: World
  readonly replicas: readonly Replica[]
  readonly tell: (who: string, what: string) => void
  readonly note: Note
  readonly chance: Chance
}

const MAKES: Makes<Happening['kind']> = { ...LIFE, ...FAULTS }

export class Happenings {
  readonly #options: HappeningsOptions
  /** What ends at a second, in the order in which it began. */
  readonly #endings: { readonly at: number; readonly end: () => void }[] = []
  #second = 0

  constructor(options: HappeningsOptions) {
    this.#options = options
  }

  at(second: number): void {
    this.#second = second
    for (const ending of this.#endings.filter(({ at }) => at === second)) ending.end()
    const scene = this.#scene(second)
    for (const happening of this.#options.plan.happenings) if (happening.at === second) (MAKES[happening.kind] as (happening: Happening, scene: Scene) => void)(happening, scene)
  }

  /** Every fault ends, and every process is there again. */
  calm(second: number): void {
    const { world, replicas, tell } = this.#options
    for (const { end } of this.#endings.filter(({ at }) => at >= second)) end()
    this.#endings.length = 0
    world.faults.end()
    for (const replica of replicas) {
      replica.process?.continue()
      if (!replica.running) replica.start()
    }
    tell('world', 'nothing goes wrong any more')
  }

  /** Nothing is broken any more. */
  cure(): void {
    const { plan, world, tell } = this.#options
    for (const workload of plan.workloads) world.workloads.recover(workload)
    tell('world', 'everything recovers')
  }

  #scene(second: number): Scene {
    const { plan, world, replicas, tell, note, chance } = this.#options
    // A plan that was made shorter may have fewer of them than its happenings name.
    const among = <T>(list: readonly T[], index: number): T => list[index % list.length] as T
    return {
      world, replicas, tell, note, chance, second,
      policies: plan.policies,
      workloads: plan.workloads,
      later: (after, end) => void this.#endings.push({ at: this.#second + Math.max(1, after), end }),
      workload: (index) => among(plan.workloads, index),
      policy: (index) => among(plan.policies, index),
      replica: (index) => among(replicas, index),
    }
  }
}
