/** Something about the machine or the cluster that a person can act on: shown as a sentence, without a stack. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError'
}

/** The message of whatever was thrown. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** The code of a system error (`ENOENT`, `EADDRINUSE`), if it has one. */
export function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
}
