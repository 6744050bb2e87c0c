import { CONTROLLER_ACCOUNT, HEALER_ACCOUNT, OPERATOR_NAMESPACE, VALIDATING_CONFIGURATION, WEBHOOK_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import { NAMESPACES, SERVICE_ACCOUNTS, VALIDATING_WEBHOOKS } from '../../shared/kube/resources.ts'
import { plural } from '../../shared/lib/text.ts'
import { controllerRbac, type Manifest, type PolicyRule } from '../../controller/permissions.ts'
import { isToKeepCertificates, webhookRbac } from '../../webhook/manifests.ts'
import { injectedBy } from '../../certs/ca-bundle.ts'
import { mayDo, type Account, type Question } from '../access-review.ts'
import { CONTROLLER, isActingAs, isConstrained, mayBeHealer } from '../impersonation.ts'
import { find } from '../reading.ts'
import { fail, ok, type Check, type CheckContext, type Finding } from './finding.ts'

const INSTALL = 'kubectl apply --server-side -f config/rbac'

export const rightsCheck: Check = {
  name: 'rights',
  run: async (context) => {
    if ((await find(context.api, NAMESPACES, { name: OPERATOR_NAMESPACE })) === undefined) return [fail(`namespace ${OPERATOR_NAMESPACE} does not exist`, INSTALL)]
    const constrained = await isConstrained(context.api)
    const injected = injectedBy(await find(context.api, VALIDATING_WEBHOOKS, { name: VALIDATING_CONFIGURATION })) !== undefined
    const accounts = [
      // What the API server does not know yet is not granted there either.
      { account: CONTROLLER, questions: questionsOf(controllerRbac).filter(({ verb }) => constrained || !isActingAs(verb)) },
      // Where an injector keeps the certificate, the chart gives no right to write it.
      { account: { namespace: OPERATOR_NAMESPACE, account: WEBHOOK_ACCOUNT }, questions: questionsOf(webhookRbac).filter(({ resource, verb }) => !injected || !isToKeepCertificates(resource, verb)) },
    ]
    return (await Promise.all([...accounts.map((each) => judge(context, each)), lifted(context)])).flat()
  },
}

async function judge({ api }: CheckContext, { account, questions }: { readonly account: Account; readonly questions: readonly Question[] }): Promise<readonly Omit<Finding, 'check'>[]> {
  const { namespace, account: name } = account
  if ((await find(api, SERVICE_ACCOUNTS, { namespace, name })) === undefined) return [fail(`account ${name} does not exist in ${namespace}`, INSTALL)]
  const answers = await Promise.all(questions.map((question) => mayDo(api, account, question)))
  const lacking = questions.filter((_, index) => answers[index] !== true)
  if (lacking.length === 0) return [ok(`${name} has its ${plural(questions.length, 'right')}`)]
  return [fail(`${name} may not ${lacking.slice(0, 4).map(inWords).join('; ')}${lacking.length > 4 ? `; and ${lacking.length - 4} more` : ''}`, INSTALL)]
}

/** Each verb on each resource of the Roles and ClusterRoles. An aggregated one has no rules of ours. */
export const questionsOf = (rbac: readonly Manifest[]): readonly Question[] =>
  rbac.flatMap(({ kind, metadata: { namespace }, rules }) =>
    (kind === 'Role' || kind === 'ClusterRole' ? ((rules ?? []) as readonly PolicyRule[]) : []).flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.flatMap((verb) => (resourceNames ?? [undefined]).map((name): Question => ({ namespace: kind === 'Role' ? namespace : undefined, verb, group, resource, name }))),
        ),
      ),
    ),
  )

export const inWords = ({ namespace, verb, resource, group, name }: Question): string =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` in ${namespace}`}`

/** The older verb lets the controller do whatever a healer may: the limit to its own acts would be gone. */
async function lifted({ api }: CheckContext): Promise<readonly Omit<Finding, 'check'>[]> {
  if (!(await mayBeHealer(api, undefined))) return []
  return [fail(`${CONTROLLER_ACCOUNT} has the verb impersonate on every ${HEALER_ACCOUNT}: it may do whatever a healer may, not only what actions need`, 'remove that verb from whatever role grants it')]
}
