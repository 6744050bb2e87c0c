/** A constant stream of policies in server dry run, good and bad in turn, and what became of each. */
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from '../agreement/server.ts'

export interface Outcome {
  /** Milliseconds of the performance clock. */
  readonly started: number
  readonly ended: number
  /** Undefined: the verdict was as it should be. */
  readonly problem?: string
}

export interface Specimen {
  readonly body: string
  /** Text that the refusal must hold; undefined: it must be accepted. */
  readonly refusedWith?: string
}

export interface Load {
  readonly outcomes: readonly Outcome[]
  /** Since then: when each of them has its answer. */
  settled(since: number): Promise<readonly Outcome[]>
  /** Begins no more than are due by now; resolves when all of these have their answers, with how many they are. */
  finished(): Promise<number>
  stop(): Promise<void>
}

/** What is due beyond these waits: a machine that falls behind now and then catches up, and none is left out. */
const MOST_OPEN = 64

/** Starts one each `1000 / perSecond` ms, whether or not those before it are answered, or later where too many are not. Nothing is tried twice. */
export async function startLoad(kubeconfig: string, namespace: string, specimens: readonly Specimen[], perSecond: number, mostOpen = MOST_OPEN): Promise<Load> {
  const server = await connect(kubeconfig)
  const outcomes: Outcome[] = []
  const open = new Map<number, Promise<void>>()
  const begin = performance.now()
  let count = 0
  const judge = async ({ body, refusedWith }: Specimen, started: number): Promise<void> => {
    let problem: string | undefined
    try {
      const { accepted, code, text } = await server.create({ plural: 'healingpolicies', namespace }, body)
      if (code >= 500 || code === 429) problem = `failed: ${code} ${text.slice(0, 600)}`
      else if (refusedWith === undefined ? !accepted : code !== 422 || !text.includes(refusedWith)) problem = `wrong verdict: ${code} ${text.slice(0, 600)}`
    } catch (error) {
      problem = `failed: ${String(error)}`
    }
    outcomes.push({ started, ended: performance.now(), ...(problem === undefined ? {} : { problem }) })
  }
  let end = Infinity
  const due = (): number => Math.ceil((Math.min(performance.now() - begin, end) / 1000) * perSecond)
  const tick = (): void => {
    for (; count < due() && open.size < mostOpen; count++) {
      const specimen = specimens[count % specimens.length]
      if (specimen === undefined) continue
      const key = count
      open.set(key, judge(specimen, performance.now()).finally(() => open.delete(key)))
    }
  }
  const timer = setInterval(tick, 5)
  const drained = async (): Promise<void> => void (await Promise.all(open.values()))
  return {
    outcomes,
    settled: async (since) => {
      await drained()
      return outcomes.filter(({ started }) => started >= since)
    },
    finished: async () => {
      end = performance.now() - begin
      while (count < due()) await delay(10)
      await drained()
      return due()
    },
    stop: async () => {
      clearInterval(timer)
      await drained()
      await server.close()
    },
  }
}
