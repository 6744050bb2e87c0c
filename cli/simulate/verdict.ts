/** What the API server and the door would say of a policy, offline. Pure. */
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { judgeObject } from '../../shared/rules/cel/judge.ts'
import { judge } from '../../shared/rules/judge.ts'
import type { Installation } from '../../controller/healing/installation.ts'
import { describe } from '../../shared/rules/violation.ts'
import { unknownObjectFields } from '../../shared/schema/defaults.ts'
import { compileResource } from '../../shared/schema/validate.ts'

export interface Verdict {
  /** Why it would be refused; empty: it would be accepted. */
  readonly refusals: readonly string[]
  readonly warnings: readonly string[]
}

const check = compileResource(healingPolicy, API_VERSION)

/** One layer after the other, as the API server: what breaks the schema is not judged by rules. @param old what is stored under the name */
export function verdictOf(document: Readonly<Record<string, unknown>>, old: HealingPolicy | undefined, installation: Installation): Verdict {
  const unknown = unknownObjectFields(healingPolicy, document).map((path) => `${path}: is no field of a ${healingPolicy.kind}`)
  const shape = judgeObject(healingPolicy, check, document, old).map(({ path, message }) => `${path}: ${message}`)
  if (unknown.length + shape.length > 0) return { refusals: [...unknown, ...shape], warnings: [] }
  const { violations, warnings } = judge(document, { installation, ...(old === undefined ? {} : { old }) })
  const inWords = (found: typeof violations): string[] => found.map((violation) => `${violation.path}: ${describe(violation)}`)
  return { refusals: inWords(violations), warnings: inWords(warnings) }
}
