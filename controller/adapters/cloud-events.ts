/** The audit stream as CloudEvents 1.0 in JSON, one a line: told from lines of the log by `specversion`. */
import type { AuditEvent } from '../healing/audit.ts'
import type { AuditStream } from '../ports/audit.ts'

/** @param write has handed the text over when it returns */
export const cloudEvents = (write: (text: string) => void): AuditStream => ({ emit: (event) => write(`${JSON.stringify(toCloudEvent(event))}\n`) })

/** Names of extensions are lower case letters and digits only. */
const toCloudEvent = ({ correlation, data, ...attributes }: AuditEvent) => ({ specversion: '1.0', ...attributes, datacontenttype: 'application/json', correlationid: correlation, data })
