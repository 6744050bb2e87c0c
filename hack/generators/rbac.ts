import { controllerRbac } from '../../controller/permissions.ts'
import { yamlFile, type GeneratedFile } from './generator.ts'

/** Namespace, account and rights of the controller. */
export const controllerRbacFile: GeneratedFile = yamlFile('config/rbac/controller.yaml', () => controllerRbac)
