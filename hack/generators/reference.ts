import { GROUP, VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { resources } from '../../shared/api/v1alpha1/resources.ts'
import { emitReference } from '../../shared/schema/emit-reference.ts'
import { markdownFile, type GeneratedFile } from './generator.ts'

/** `docs/reference/KIND.md`, one for each kind. */
export const reference: readonly GeneratedFile[] = resources.map((resource) =>
  markdownFile(`docs/reference/${resource.singular}.md`, () => emitReference(resource, { group: GROUP, version: VERSION })),
)
