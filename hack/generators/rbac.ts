import { controllerRbac, kubeletRbac, metricsApisRbac, namespaceAdminRbac, peopleRbac } from '../../controller/permissions.ts'
import { yamlFile, type GeneratedFile } from './generator.ts'

/** Namespace, account and rights of the controller. */
export const controllerRbacFile: GeneratedFile = yamlFile('config/rbac/controller.yaml', () => controllerRbac)

/** What not every installation wants. */
export const kubeletRbacFile: GeneratedFile = yamlFile('config/rbac/optional/kubelet-metrics.yaml', () => kubeletRbac)

export const metricsApisRbacFile: GeneratedFile = yamlFile('config/rbac/optional/metrics-apis.yaml', () => [metricsApisRbac])

/** What administrators of a namespace may give to others. */
export const namespaceAdminRbacFile: GeneratedFile = yamlFile('config/rbac/namespace-admins.yaml', () => namespaceAdminRbac)

/** Roles for people. */
export const peopleRbacFile: GeneratedFile = yamlFile('config/rbac/people.yaml', () => peopleRbac)
