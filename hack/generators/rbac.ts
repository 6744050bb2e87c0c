import { controllerRbac, kubeletRbac } from '../../controller/permissions.ts'
import { yamlFile, type GeneratedFile } from './generator.ts'

/** Namespace, account and rights of the controller. */
export const controllerRbacFile: GeneratedFile = yamlFile('config/rbac/controller.yaml', () => controllerRbac)

/** What not every installation wants. */
export const kubeletRbacFile: GeneratedFile = yamlFile('config/rbac/optional/kubelet-metrics.yaml', () => kubeletRbac)
