/** The controller's own rights, judged as the API server would: a whole-controller test fails on a call that has none. */
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import type { Call } from '../../shared/testing/fake-cluster/calls.ts'
import { controllerClusterRules, controllerOwnRules, type PolicyRule } from '../permissions.ts'

/** Why the call is forbidden; undefined when it is allowed. */
export function forbidden({ verb, resource, subresource, namespace, name, impersonate }: Call): string | undefined {
  // A question about oneself needs no right.
  if (resource.group === 'authorization.k8s.io' && resource.plural.startsWith('selfsubject')) return undefined
  const rules = namespace === OPERATOR_NAMESPACE ? [...controllerClusterRules, ...controllerOwnRules] : controllerClusterRules
  const path = subresource === undefined || subresource === '' ? resource.plural : `${resource.plural}/${subresource}`
  // A selective list or watch counts as one of that name; the selector is not in the call, so it gets the benefit of the doubt.
  const named = verb === 'list' || verb === 'watch' ? undefined : name
  const may = (wanted: string, group: string, what: string, object?: string): boolean => rules.some((rule) => allows(rule, wanted, group, what, object))
  if (impersonate === undefined) return may(verb, resource.group, path, named) ? undefined : `cannot ${verb} ${path}`
  if (!may('impersonate:serviceaccount', 'authentication.k8s.io', 'serviceaccounts', impersonate.split(':').at(-1))) return `cannot impersonate ${impersonate}`
  return may(`impersonate-on:serviceaccount:${verb}`, resource.group, path, named) ? undefined : `cannot impersonate-on ${verb} ${path}`
}

const allows = ({ apiGroups, resources, resourceNames, verbs }: PolicyRule, verb: string, group: string, resource: string, name: string | undefined): boolean =>
  verbs.includes(verb) && apiGroups.includes(group) && (resources.includes(resource) || resources.includes('*')) && (resourceNames === undefined || name === undefined || resourceNames.includes(name))
