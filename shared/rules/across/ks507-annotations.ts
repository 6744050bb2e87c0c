import { GROUP } from '../../api/v1alpha1/fields.ts'
import { ALLOW_ANNOTATION, ALLOWED_BY_ANNOTATION, IGNORE_ANNOTATION, PAUSE_ANNOTATION } from '../../api/v1alpha1/names.ts'
import { isObject } from '../../lib/json.ts'
import { nearest, printable, quoted, withinEdits } from '../../lib/text.ts'
import type { Finding, Rule } from '../rule.ts'

/** Of a policy. */
const READ: readonly string[] = [ALLOW_ANNOTATION, ALLOWED_BY_ANNOTATION, PAUSE_ANNOTATION]
/** Letters that a slip may cost. */
const SLIP = 2
/** More are no help to anybody. */
const MOST = 10

export const ks507: Rule = {
  id: 'KS507',
  severity: 'W',
  title: `Annotations of a policy that begin with ${GROUP}/ are ones that are read: ${READ.join(', ')}.`,
  why: 'a pause or an exemption with a wrong letter in its name is none, and nobody says so',
  fix: 'mend the name, or take it away',
  check: ({ metadata }) =>
    Object.keys(isObject(metadata.annotations) ? metadata.annotations : {})
      .filter((name) => name.startsWith(`${GROUP}/`) && !READ.includes(name))
      .slice(0, MOST)
      .map((name): Finding => ({ path: `metadata.annotations[${printable(name, 100)}]`, what: `of a policy nobody reads ${quoted(name, 100)}`, ...instead(name) })),
}

function instead(name: string): Pick<Finding, 'fix'> {
  if (name === IGNORE_ANNOTATION) return { fix: `write suspend: true or ${PAUSE_ANNOTATION}; ${IGNORE_ANNOTATION} is for workloads, pods and namespaces` }
  const [near] = nearest(name, READ)
  return near !== undefined && withinEdits(name, near, SLIP) ? { fix: `write ${near}` } : {}
}
