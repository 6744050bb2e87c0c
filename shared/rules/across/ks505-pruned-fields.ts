import { healingPolicy } from '../../api/v1alpha1/healing-policy.schema.ts'
import { isObject, parsedJson } from '../../lib/json.ts'
import { printable, quoted } from '../../lib/text.ts'
import { strayFields } from '../../schema/stray-fields.ts'
import type { Finding, Rule } from '../rule.ts'

/** What `kubectl apply` was given, as it writes it down. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

export const ks505: Rule = {
  id: 'KS505',
  severity: 'W',
  title: 'A policy has no field that its schema does not know: the API server drops it, and the policy is without it. Seen in the file itself, or in what `kubectl apply --validate=false` was given.',
  why: 'a limit or a protection with a wrong letter in its name is none, and nobody says so',
  fix: 'mend the name, or take the field away; see kubectl explain healingpolicy.spec --recursive',
  check(_policy, { given }) {
    const paths = new Map([given, applied(given)].flatMap((object) => strayFields(healingPolicy, object)).map((field) => [field.path, field]))
    return [...paths.values()].map(
      ({ path, nearest }): Finding => ({
        path: printable(path, 200),
        what: `no such field, and so not in force`,
        ...(nearest === undefined ? {} : { fix: `${quoted(nearest.slice(nearest.lastIndexOf('.') + 1))} is one (${printable(nearest, 200)})` }),
      }),
    )
  },
}

function applied(given: unknown): unknown {
  const metadata = isObject(given) ? given['metadata'] : undefined
  const annotations = isObject(metadata) ? metadata['annotations'] : undefined
  const text = isObject(annotations) ? annotations[LAST_APPLIED] : undefined
  // Nobody but kubectl has to be able to read it.
  return typeof text === 'string' ? parsedJson(text) : undefined
}
