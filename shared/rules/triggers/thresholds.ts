/** How a value is compared with the threshold of a metric trigger. */

export type Operator = '>' | '<' | '>=' | '<=' | '==' | '!='

export interface Threshold {
  readonly operator: Operator
  readonly threshold: number
}

/** Whether a value is beyond the threshold. */
export function breaches({ operator, threshold }: Threshold, value: number): boolean {
  switch (operator) {
    case '>':
      return value > threshold
    case '<':
      return value < threshold
    case '>=':
      return value >= threshold
    case '<=':
      return value <= threshold
    case '==':
      return value === threshold
    case '!=':
      return value !== threshold
    default:
      return operator satisfies never
  }
}

/** Holds of every value that is measured. */
export const ALWAYS: Threshold = { operator: '>', threshold: Number.NEGATIVE_INFINITY }
