import type { Validation } from '../../../schema/structural.ts'

/** Of a member of a union: `type` names the one body that is given. Its twin is in `shared/rules/cel`. */
export const onlyFor = (type: string, body: string): Validation => ({
  rule: `(self.type == '${type}') == has(self.${body})`,
  message: `type ${type} needs ${body} (which may be {} where nothing in it is required), and no other type may have it`,
  reason: 'FieldValueRequired',
  fieldPath: `.${body}`,
})
