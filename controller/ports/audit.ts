/** What is told to whoever has to know afterwards who did what: nothing of it is lost, and some of it may be told twice. */
import type { AuditEvent } from '../healing/audit.ts'

export interface AuditStream {
  /** Has left the process when it returns. Never throws. */
  emit(event: AuditEvent): void
}
