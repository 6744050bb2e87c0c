/**
 * The one file with ajv. A bundle has another one in its place, with what ajv makes of our schemas (`hack/validators.ts`): to make it takes a third of a
 * start.
 */
import { Ajv, type ValidateFunction } from 'ajv'
import { formats } from './formats.ts'
import type { StructuralSchema } from './structural.ts'

export const AJV_OPTIONS = {
  strict: true,
  allErrors: true,
  allowUnionTypes: true,
  // `in` and inherited members do not count: an object may have a key called constructor.
  ownProperties: true,
  formats,
} as const

/** Of the CRD, and nothing to ajv. */
export const KEYWORDS = ['x-kubernetes-validations', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys', 'x-kubernetes-int-or-string'] as const

// Tidying the code that it makes takes a third of the compilation; V8 does it as well.
const ajv = new Ajv({ ...AJV_OPTIONS, code: { optimize: false }, keywords: [...KEYWORDS] })

export const validatorOf = (schema: StructuralSchema): ValidateFunction => ajv.compile(schema)
