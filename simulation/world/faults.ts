/** What goes wrong between the controller and its world. */
import { seconds } from '../../shared/lib/time.ts'
import type { Replica } from '../engine/replica.ts'
import type { CrashPoint, Fault } from '../plan/plan.ts'
import type { Make, Makes, Scene } from './scene.ts'

const calls: Make<'calls'> = (fault, { world, tell }) => {
  tell('fault', `${fault.fault} of ${Math.round(fault.share * 100)} % of ${fault.only === 'all' ? 'all calls' : fault.only} for ${fault.seconds} s`)
  world.faults.add(fault)
}

const slowNetwork: Make<'slow-network'> = (fault, { world, tell }) => {
  tell('fault', `the network is slow for ${fault.seconds} s`)
  world.faults.slow(seconds(fault.seconds))
}

const INTO: Readonly<Record<CrashPoint, string>> = { before: 'before', after: 'after', between: 'after the answer to' }

/** Begins a process again some time after it died. */
const reviving = (after: number, { replicas, later, tell }: Pick<Scene, 'replicas' | 'later' | 'tell'>) => (user: string): void => {
  const replica = replicas.find(({ process }) => process?.name === user)
  later(after, () => {
    if (replica === undefined || replica.running) return
    replica.start()
    tell('world', `${replica.process?.name ?? ''} begins`)
  })
}

const crash: Make<'crash'> = ({ controller, point, write, seconds: until }, scene) => {
  const { process } = scene.replica(controller)
  if (process === undefined || process.dead) return
  scene.tell('fault', `${process.name} is to die ${INTO[point]} its write number ${write} from now`)
  scene.world.faults.crash({ user: process.name, of: 'writes', point, write, died: reviving(until, scene) })
}

const crashAct: Make<'crash-act'> = ({ point, act, seconds: until }, scene) => {
  scene.tell('fault', `whoever acts is to die ${INTO[point]} act number ${act} from now`)
  scene.world.faults.crash({ of: 'acts', point, write: act, died: reviving(until, scene) })
}

/** Until it goes on, or all faults end. */
function stand({ process }: Replica, until: number, { tell, later }: Pick<Scene, 'tell' | 'later'>): void {
  if (process === undefined || process.dead) return
  tell('fault', `${process.name} stands still for ${until} s`)
  process.stop()
  later(until, () => {
    tell('fault', `${process.name} goes on`)
    process.continue()
  })
}

const pause: Make<'pause'> = ({ controller, seconds: until }, scene) => stand(scene.replica(controller), until, scene)

const pauseAct: Make<'pause-act'> = ({ call, seconds: until }, scene) => {
  scene.tell('fault', `whoever acts is to stand still at call number ${call} from now`)
  scene.world.faults.cues.add({ moment: 'try', count: call, reached: (user) => {
    const replica = scene.replicas.find(({ process }) => process?.name === user)
    if (replica !== undefined) stand(replica, until, scene)
  } })
}

const partition: Make<'partition'> = ({ controller, seconds: until }, { world, tell, later, ...scene }) => {
  const { process } = scene.replica(controller)
  if (process === undefined) return
  const its = ({ user }: { readonly user: string }): boolean => user === process.name
  tell('fault', `${process.name} is cut off for ${until} s`)
  world.faults.cut(process.name)
  world.cluster.watches.hang(its)
  later(until, () => {
    world.faults.join(process.name)
    world.cluster.watches.drop(its)
  })
}

const clock: Make<'clock'> = ({ of, by, seconds: until }, { world, tell, later, ...scene }) => {
  const jump = (span: number): void => (of === 'server' ? world.clock.jump(seconds(span)) : scene.replica(of).jump(seconds(span)))
  tell('fault', `the clock of ${of === 'server' ? 'the API server' : `controller-${of}`} jumps by ${by} s, and back after ${until} s`)
  jump(by)
  later(until, () => jump(-by))
}

/** Ticks of a reading that may be missed, and what is on its way: later there is no data. Seconds. */
const STALE = 45

const metrics: Make<'metrics'> = ({ fault, seconds: until }, { world: { gauges }, policies, tell, note, later }) => {
  tell('fault', `the source of metrics is ${fault} for ${until} s`)
  const began = Symbol(fault)
  gauges.fault = { what: fault, began }
  const about = policies.flatMap(({ namespace, name, spec: { triggers = [] } }) => triggers.filter(({ type }) => type === 'metric').map((trigger) => `${namespace}/${name}/${trigger.name}`))
  const isLast = (): boolean => gauges.fault?.began === began
  if (fault !== 'lying' && until > STALE) {
    later(STALE, () => {
      if (isLast()) for (const of of about) note('NoData', of)
    })
  }
  later(until, () => {
    if (!isLast()) return
    gauges.fault = undefined
    for (const of of about) note('Data', of)
  })
}

const watch: Make<'watch'> = ({ fault, only, seconds: until }, { world: { cluster }, tell, later }) => {
  const { watches } = cluster
  const chosen = ({ resource }: { readonly resource: { readonly plural: string } }): boolean => only === '*' || resource.plural === only
  tell('fault', `watches of ${only === '*' ? 'everything' : only}: ${fault}`)
  switch (fault) {
    case 'drop':
      watches.drop(chosen)
      return
    case 'end':
      watches.end(chosen)
      return
    case 'silent':
      watches.hang(chosen)
      later(until, () => watches.drop(chosen))
      return
    case 'stale':
      later(until, watches.hold(chosen))
      return
    case 'expire':
      watches.expire(chosen)
      return
    case 'truncate':
      watches.truncate(chosen)
      return
    case 'compact':
      cluster.compact()
      watches.drop(chosen)
      return
    default:
      fault satisfies never
  }
}

export const FAULTS: Makes<Fault['kind']> = { calls, watch, crash, 'crash-act': crashAct, pause, 'pause-act': pauseAct, partition, clock, metrics, 'slow-network': slowNetwork }
