/** `kubeskippy check`: is everything there that healing needs? Reads, asks, and tries the door by dry runs; changes nothing. */
import { Option } from 'commander'
import { isApiError } from '../../shared/kube/errors.ts'
import { chosenNamespace, clusterFlags, DONE, explainApiError, FAILED, namespaceValue, withCluster, type AddCommand, type ClusterFlags } from '../command.ts'
import { paintFor } from '../paint.ts'
import { definitionsCheck } from './definitions.ts'
import { doorCheck } from './door.ts'
import { warn, type Check, type CheckContext, type Finding } from './finding.ts'
import { guardsCheck } from './guards.ts'
import { healersCheck, metricsCheck, policiesCheck } from './policies.ts'
import { asJson, asText, count } from './report.ts'
import { rightsCheck } from './rights.ts'
import { serverCheck } from './server.ts'
import { killSwitchCheck, leaseCheck, ledgersCheck } from './state.ts'

/** In the order in which one would mend them. */
const CHECKS: readonly Check[] = [serverCheck, definitionsCheck, guardsCheck, rightsCheck, doorCheck, killSwitchCheck, leaseCheck, ledgersCheck, policiesCheck, healersCheck, metricsCheck]

interface Flags extends ClusterFlags {
  readonly namespace?: string
  readonly output: 'text' | 'json'
}

export const addCheck: AddCommand = (program, env, finish) => {
  clusterFlags(program.command('check'))
    .description('Looks whether everything is there that healing needs, and says what to do about what is not. Changes nothing.')
    .option('-n, --namespace <name>', 'where the webhook is tried, by dry runs; default: that of the context', namespaceValue)
    .addOption(new Option('-o, --output <format>').choices(['text', 'json']).default('text'))
    .action((flags: Flags) =>
      finish(() =>
        withCluster(env, flags, async (api) => {
          // A server that does not answer at all is one error, and not one for each check.
          await api.serverVersion()
          const context = { api, namespace: chosenNamespace(env, flags), now: api.serverTime() ?? env.clock.now() }
          const findings = (await Promise.all(CHECKS.map((check) => run(check, context)))).flat()
          env.stdout(flags.output === 'json' ? asJson(findings) : asText(findings, paintFor(env)))
          return count(findings).fail > 0 ? FAILED : DONE
        }),
      ),
    )
}

async function run({ name, run: look }: Check, context: CheckContext): Promise<readonly Finding[]> {
  try {
    return (await look(context)).map((finding) => ({ check: name, ...finding }))
  } catch (error) {
    if (!isApiError(error, 'Forbidden', 'Unauthorized')) throw error
    return [{ check: name, ...warn(`could not be looked at: ${explainApiError(error)}`, 'run it as somebody who may, such as an administrator of the cluster') }]
  }
}
