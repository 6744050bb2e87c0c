/** Whether it is this cluster that is meant: the current context may be any. */
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { NotPossible } from '../command.ts'
import type { CliEnvironment } from '../environment.ts'

const POLICIES = `every policy, action and ledger, the CRDs, and the namespace ${OPERATOR_NAMESPACE} with everything in it`

/** Returns when it may begin. @throws NotPossible */
export async function assertMeant({ ask }: Pick<CliEnvironment, 'ask'>, cluster: string, withPolicies: boolean): Promise<void> {
  if (ask !== undefined) {
    const answer = await ask(withPolicies ? `Remove KubeSkippy from ${cluster}, with ${POLICIES}? [y/N] ` : `Remove KubeSkippy from ${cluster}? Policies, actions and ledgers are kept. [y/N] `)
    if (!/^\s*y(?:es)?\s*$/i.test(answer ?? '')) throw new NotPossible('nothing was removed: the answer was not y')
  } else if (withPolicies) {
    throw new NotPossible(`nothing was removed: --delete-policies would take ${POLICIES} from ${cluster}, and nobody can be asked here. Add --yes if that is meant; --dry-run lists it`)
  }
}
