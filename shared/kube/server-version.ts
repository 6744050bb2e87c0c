/** What an API server says of itself at `/version`. Pure. */

/** N of 1.N: constrained impersonation is on by default from there. */
export const CONSTRAINED_SINCE = 36

export interface ServerVersion {
  /** `v1.36.3`, as the server calls itself; `''` when it does not say. */
  readonly name: string
  /** N of the release 1.N that it behaves as, which may be an earlier one than it is (`--emulated-version`); infinite beyond 1, undefined when it does not say. */
  readonly minor: number | undefined
}

export interface VersionAnswer {
  readonly gitVersion?: string
  readonly emulationMajor?: string
  readonly emulationMinor?: string
}

export function serverVersionOf({ gitVersion = '', emulationMajor = '', emulationMinor = '' }: VersionAnswer): ServerVersion {
  const [, major, minor] = /^v?([0-9]+)\.([0-9]+)/.exec(`${emulationMajor}.${emulationMinor}`) ?? /^v?([0-9]+)\.([0-9]+)/.exec(gitVersion) ?? []
  return { name: gitVersion, minor: major === undefined ? undefined : major === '1' ? Number(minor) : Number.POSITIVE_INFINITY }
}
