import { GROUP } from '../../api/v1alpha1/fields.ts'
import { healingPolicy } from '../../api/v1alpha1/healing-policy.schema.ts'
import { HEAL_VERB } from '../../api/v1alpha1/names.ts'
import type { AccessQuestion } from '../access.ts'

/** Whether a namespace lets policies of another one in. */
export const consentQuestion = (home: string, namespace: string): AccessQuestion => ({ who: { healerOf: home }, namespace, apiGroup: GROUP, resource: healingPolicy.plural, verb: HEAL_VERB })
