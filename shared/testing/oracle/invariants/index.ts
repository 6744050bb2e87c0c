/** The checkers of I1 to I20, in this order. */
import type { Checker } from '../checker.ts'
import { approved } from './approval.ts'
import { dryMeansDry, emptyIsNotAll, neverTheOperator, withinTheHour } from './bounds.ts'
import { breaker } from './breaker.ts'
import { everythingEnds, nothingLeaks, quietWhenQuiet } from './course.ts'
import { planned } from './planned.ts'
import { insideThePolicy } from './protection.ts'
import { killSwitch, noDataNoAction, readable } from './stops.ts'
import { attributable, freshlyRead, neverBlind, once, preconditioned, sameObject } from './writes.ts'

export const INVARIANTS: readonly Checker[] = [
  once,
  withinTheHour,
  insideThePolicy,
  neverTheOperator,
  preconditioned,
  sameObject,
  freshlyRead,
  emptyIsNotAll,
  breaker,
  killSwitch,
  attributable,
  dryMeansDry,
  approved,
  planned,
  nothingLeaks,
  everythingEnds,
  quietWhenQuiet,
  neverBlind,
  readable,
  noDataNoAction,
]
