import { Prometheus } from '../../controller/adapters/metrics/prometheus.ts'
import { kubeletRbac } from '../../controller/permissions.ts'
import { mayDo } from '../access-review.ts'
import { CONTROLLER } from '../impersonation.ts'
import { ok, warn, type Check, type CheckContext, type Finding } from './finding.ts'
import { inWords, questionsOf } from './rights.ts'

/** Every Prometheus has an answer to it, an empty one too. */
const ANYTHING = 'vector(1)'

/** The sources of metrics that the controller is configured with. Only a warning: it may reach what this machine does not. */
export const sourcesCheck: Check = {
  name: 'sources',
  run: async (context) => {
    const { prometheus, asksKubelets } = context
    if (prometheus === undefined) return []
    const answers = prometheus.length === 0 ? [ok('no Prometheus is configured')] : await Promise.all(prometheus.map((config) => ask(config, context)))
    return asksKubelets ? [...answers, await kubelets(context)] : answers
  },
}

/** Whether they answer is known to the controller alone: a person's credentials are not for every node. */
async function kubelets({ api }: CheckContext): Promise<Omit<Finding, 'check'>> {
  const questions = questionsOf(kubeletRbac)
  const answers = await Promise.all(questions.map((question) => mayDo(api, CONTROLLER, question)))
  const lacking = questions.filter((_, index) => answers[index] !== true)
  if (lacking.length === 0) return ok('the controller may ask the kubelets')
  return warn(`the controller may not ${lacking.map(inWords).join('; ')}: cpu_throttled_percent has no data from the kubelets`, 'kubectl apply -f config/rbac/optional/kubelet-metrics.yaml')
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
