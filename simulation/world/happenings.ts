/** Makes what a plan says happen, each at its time, and undone again where it lasts for a while. */
import { seconds } from '../../shared/lib/time.ts'
import type { Chance } from '../engine/chance.ts'
import type { Replica } from '../engine/replica.ts'
import type { Happening, Plan, Simple } from '../plan/plan.ts'
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

const MAKES: Makes<Simple['kind']> = { ...LIFE, ...FAULTS }

function make(happening: Simple, scene: Scene): void {
  const its = MAKES[happening.kind] as (happening: Simple, scene: Scene) => void
  its(happening, scene)
}

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
    for (const happening of this.#options.plan.happenings) {
      if (happening.at !== second) continue
      if (happening.kind === 'cue') this.#await(happening)
      else make(happening, this.#scene(second))
    }
  }

  #await({ moment, count, wait, what }: Extract<Happening, { kind: 'cue' }>): void {
    const { plan, world, replicas } = this.#options
    const reached = (user: string): void => {
      const caller = replicas.findIndex(({ process }) => process?.name === user)
      const happening = 'controller' in what && caller >= 0 ? { ...what, controller: caller } : what
      // Not within the call itself; and nothing begins to go wrong after the calm.
      world.clock.after(seconds(wait), () => (this.#second < plan.calm ? make(happening, this.#scene(this.#second)) : undefined))
    }
    world.faults.cues.add({ moment, count, reached })
  }

  /** Every fault ends, and every process is there again. */
  calm(second: number): void {
    this.#second = second
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
