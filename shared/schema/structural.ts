/**
 * The subset of OpenAPI v3 that a CRD takes (a "structural schema"), as a type. Literals are authored closed
 * (`additionalProperties: false` beside `properties`, which a CRD forbids) and emitted open: types and lint know every
 * field, and the API server prunes what it does not know. No `$ref`, `patternProperties`, `const`; of unions of types a whole number or a string.
 */

/** A CEL rule. Its TypeScript twin stands in `shared/rules/cel/twins.ts` under the same text. */
export interface Validation {
  readonly rule: string
  /** One line: the API server refuses line breaks here. */
  readonly message: string
  readonly reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate'
  /** Relative to the schema node, with a leading dot; no list index. Without it a rule at the root prints `<nil>`. */
  readonly fieldPath?: string
  readonly optionalOldSelf?: boolean
}

interface Common {
  /** Becomes `kubectl explain` and the reference page. */
  readonly description?: string
  readonly 'x-kubernetes-validations'?: readonly Validation[]
}

export interface ObjectSchema extends Common {
  readonly type: 'object'
  readonly properties: Readonly<Record<string, StructuralSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties: false
  readonly default?: Readonly<Record<string, unknown>>
}

export interface MapSchema extends Common {
  readonly type: 'object'
  readonly additionalProperties: StructuralSchema
  readonly maxProperties: number
}

export interface ArraySchema extends Common {
  readonly type: 'array'
  readonly items: StructuralSchema
  /** Every list is bounded: CEL cost and object size depend on it. */
  readonly maxItems: number
  readonly minItems?: number
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map'
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly default?: readonly unknown[]
}

export interface StringSchema extends Common {
  readonly type: 'string'
  /** RE2: no look-around, no back-references. */
  readonly pattern?: string
  readonly minLength?: number
  /** Counts code points. Required unless `enum` bounds the value. */
  readonly maxLength?: number
  readonly enum?: readonly string[]
  // No format: with date-time the API server takes a list for a string.
  readonly default?: string
}

export interface IntegerSchema extends Common {
  readonly type: 'integer'
  readonly format?: 'int32' | 'int64'
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: number
}

/** A number or a word, as `maxUnavailable` of Kubernetes. The bounds hold for whichever it is. */
export interface IntOrStringSchema extends Common {
  readonly type: readonly ['integer', 'string']
  /** In a CRD this stands in place of the type. */
  readonly 'x-kubernetes-int-or-string': true
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength: number
}

/** Fractions are allowed; neither NaN nor an infinity can be written in JSON. */
export interface NumberSchema extends Common {
  readonly type: 'number'
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: number
}

export interface BooleanSchema extends Common {
  readonly type: 'boolean'
  readonly default?: boolean
}

export type StructuralSchema = ObjectSchema | MapSchema | ArraySchema | StringSchema | IntegerSchema | IntOrStringSchema | NumberSchema | BooleanSchema

export interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'date' | 'boolean'
  readonly jsonPath: string
  readonly description?: string
  /** 0 always shown, 1 with `-o wide`. */
  readonly priority?: 0 | 1
}

/** One served version of one CRD: everything that `config/crd/bases` and the reference need. */
export interface CustomResource {
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  /** One sentence: what the object is. */
  readonly description: string
  /** Longest `metadata.name`. */
  readonly maxNameLength: number
  readonly spec: ObjectSchema
  /** Absent: the kind has no status subresource. */
  readonly status?: ObjectSchema
  readonly columns: readonly PrinterColumn[]
  /** What others call its fields, for hints: by the word in small letters without separators, the likeliest field first. */
  readonly words?: ReadonlyMap<string, readonly string[]>
}
