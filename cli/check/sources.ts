import { Prometheus } from '../../controller/adapters/metrics/prometheus.ts'
import { ok, warn, type Check, type CheckContext, type Finding } from './finding.ts'

/** Every Prometheus has an answer to it, an empty one too. */
const ANYTHING = 'vector(1)'

/** The sources of metrics that the controller is configured with. Only a warning: it may reach what this machine does not. */
export const sourcesCheck: Check = {
  name: 'sources',
  run: async (context) => {
    const { prometheus } = context
    if (prometheus === undefined) return []
    return prometheus.length === 0 ? [ok('no Prometheus is configured')] : Promise.all(prometheus.map((config) => ask(config, context)))
  },
}

async function ask(config: NonNullable<CheckContext['prometheus']>[number], { timers, now }: CheckContext): Promise<Omit<Finding, 'check'>> {
  const source = new Prometheus(config, timers)
  try {
    const answer = await source.query(ANYTHING, now)
    return answer.kind === 'Series' ? ok(`${config.name} answers`) : warn(answer.why, `look at prometheus.sources[name=${config.name}]; from the controller's network it may be another matter`)
  } finally {
    await source.close()
  }
}
