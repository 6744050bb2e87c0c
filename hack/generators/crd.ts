import { GROUP, VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { resources } from '../../shared/api/v1alpha1/resources.ts'
import { emitCrd } from '../../shared/schema/emit-crd.ts'
import { yamlFile, type GeneratedFile } from './generator.ts'

/** `config/crd/bases/GROUP_PLURAL.yaml`, one for each kind. */
export const crds: readonly GeneratedFile[] = resources.map((resource) =>
  yamlFile(`config/crd/bases/${GROUP}_${resource.plural}.yaml`, () => [emitCrd(resource, { group: GROUP, version: VERSION })]),
)
