/** `kubeskippy check`: is everything there that healing needs? Reads, asks, and tries the door by dry runs; changes nothing. */
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { HEALING_POLICIES } from '../../shared/kube/resources.ts'
import { chosenNamespace, DONE, explainApiError, FAILED, withCluster, type ClusterFlags } from '../command.ts'
import { readControllerOptions } from '../controller-options.ts'
import type { CliEnvironment } from '../environment.ts'
import { inFormat, type Output } from '../output.ts'
import { paintFor } from '../paint.ts'
import { listAll } from '../reading.ts'
import { approversCheck } from './approvers.ts'
import { definitionsCheck } from './definitions.ts'
import { doorCheck } from './door.ts'
import { warn, type Check, type CheckContext, type Finding } from './finding.ts'
import { guardsCheck } from './guards.ts'
import { healersCheck, metricsCheck, policiesCheck } from './policies.ts'
import { asText, count } from './report.ts'
import { queriesCheck } from './queries.ts'
import { rightsCheck } from './rights.ts'
import { scalesCheck } from './scales.ts'
import { serverCheck } from './server.ts'
import { sourcesCheck } from './sources.ts'
import { versionsCheck } from './versions.ts'
import { killSwitchCheck, leaseCheck, ledgersCheck } from './state.ts'

/** In the order in which one would mend them. */
const CHECKS: readonly Check[] = [serverCheck, versionsCheck, definitionsCheck, guardsCheck, rightsCheck, doorCheck, killSwitchCheck, leaseCheck, ledgersCheck, policiesCheck, healersCheck, approversCheck, scalesCheck, metricsCheck, sourcesCheck, queriesCheck]

export interface CheckFlags extends ClusterFlags {
  readonly namespace?: string
  readonly config?: string
  readonly output: Output
}

/** Exit code: 1 when something has failed. */
export const check = (env: CliEnvironment, flags: CheckFlags): Promise<number> =>
  withCluster(env, flags, async (api) => {
    const options = flags.config === undefined ? undefined : await readControllerOptions(env, flags.config)
    const configured = { prometheus: options?.['prometheus.sources'], asksKubelets: options?.['metrics.kubelet.enabled'] === true, protectedNamespaces: options?.protectedNamespaces ?? [] }
    // A server that does not answer at all is one error, and not one for each check.
    await api.serverVersion()
    const context = { api, namespace: await chosenNamespace(env, flags), now: api.serverTime() ?? env.clock.now(), timers: env.timers, version: env.version, ...configured }
    const findings = await examine(context)
    env.stdout(inFormat(flags.output, () => ({ summary: count(findings), findings }), () => asText(findings, paintFor(env))))
    return count(findings).fail > 0 ? FAILED : DONE
  })

/** What every check finds. */
export async function examine(context: Omit<CheckContext, 'policies'>): Promise<readonly Finding[]> {
  let policies: Promise<readonly HealingPolicy[]> | undefined
  const once = { ...context, policies: () => (policies ??= listAll<HealingPolicy>(context.api, HEALING_POLICIES)) }
  return (await Promise.all(CHECKS.map((each) => run(each, once)))).flat()
}

async function run({ name, run: look }: Check, context: CheckContext): Promise<readonly Finding[]> {
  try {
    return (await look(context)).map((finding) => ({ check: name, ...finding }))
  } catch (error) {
    if (!isApiError(error, 'Forbidden', 'Unauthorized')) throw error
    return [{ check: name, ...warn(`could not be looked at: ${explainApiError(error)}`, 'run it as somebody who may, such as an administrator of the cluster') }]
  }
}
