import type { AlertReadings } from '../healing/alerts.ts'

/** The alerts that fire, for decisions. */
export interface AlertMemory {
  readings(): AlertReadings
}
