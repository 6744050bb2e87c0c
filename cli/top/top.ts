/** `kubeskippy top`: the policies and what they do, as it happens. */
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { HEALING_POLICIES } from '../../shared/kube/resources.ts'
import { Reflector } from '../../shared/kube/reflector.ts'
import type { KubeConnection } from '../../shared/kube/transport.ts'
import { seconds } from '../../shared/lib/time.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { untilAborted, type Cancel } from '../../shared/runtime/timers.ts'
import { chosenNamespace, DONE, withCluster, type ClusterFlags } from '../command.ts'
import type { CliEnvironment, Terminal } from '../environment.ts'
import { span } from '../layout.ts'
import { inFormat, type Output } from '../output.ts'
import { paintFor } from '../paint.ts'
import { rowOf, sorted, type Row } from './rows.ts'
import { screen } from './screen.ts'

export interface TopFlags extends ClusterFlags {
  readonly namespace?: string
  readonly allNamespaces?: true
  readonly once?: true
  readonly output: Output
}

/** Spans on the screen grow by the second. */
const REDRAW = seconds(1)
/** A quiet watch has a bookmark every minute. */
const SILENT = seconds(75)

export const top = (env: CliEnvironment, flags: TopFlags): Promise<number> =>
  withCluster(env, flags, async (api) => {
    const scope = flags.allNamespaces === true ? {} : { namespace: await chosenNamespace(env, flags) }
    return env.terminal === undefined || flags.once === true || flags.output !== 'table' ? print(env, api, scope, flags) : watch(env, env.terminal, api, scope)
  })

interface Scope {
  readonly namespace?: string
}

async function print(env: CliEnvironment, api: KubeConnection, scope: Scope, { output }: TopFlags): Promise<number> {
  const rows: Row[] = []
  let token: string | undefined
  do {
    const page = await api.list<HealingPolicy>(HEALING_POLICIES, { ...scope, limit: 500, ...(token === undefined ? {} : { continue: token }) })
    rows.push(...page.items.map(rowOf))
    token = page.continue
  } while (token !== undefined)
  const now = api.serverTime() ?? env.clock.now()
  env.stdout(inFormat(output, () => sorted(rows), () => `${screen(rows, now, paintFor(env), undefined).join('\n')}\n`))
  return DONE
}

const ENTER = '\u001b[?1049h\u001b[?25l'
const LEAVE = '\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const REST_OF_LINE = '\u001b[K'
const REST_OF_SCREEN = '\u001b[J'

/** Until the process is asked to end. */
async function watch(env: CliEnvironment, terminal: Terminal, api: KubeConnection, scope: Scope): Promise<number> {
  // What may not be read is an error now, and not an empty screen for ever.
  await api.list(HEALING_POLICIES, { ...scope, limit: 1 })
  const { timers, random, clock, stop } = env
  const policies = new Reflector<Row>({ api, resource: HEALING_POLICIES, ...scope, project: (raw) => rowOf(raw as HealingPolicy), timers, random, log: silentLogger })
  const paint = paintFor(env)
  const draw = (): void => {
    const now = api.serverTime() ?? clock.now()
    const lines = [...screen([...policies.store.values()], now, paint, terminal.size()), ...(policies.age > SILENT ? [paint(`the API server was not heard for ${span(policies.age)}`, 'red')] : [])]
    env.stdout(`${HOME}${lines.map((line) => `${line}${REST_OF_LINE}`).join('\r\n')}${REST_OF_SCREEN}`)
  }
  let cancel: Cancel = () => {}
  const tick = (): void => {
    draw()
    cancel = timers.after(REDRAW, tick)
  }
  env.stdout(ENTER)
  try {
    policies.start()
    await policies.whenSynced(stop).catch(() => {})
    if (!stop.aborted) {
      policies.subscribe(draw)
      tick()
      await untilAborted(stop)
    }
  } finally {
    cancel()
    await policies.stop()
    env.stdout(LEAVE)
  }
  return DONE
}
