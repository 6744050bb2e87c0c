import { fail, ok, warn, type Check } from './finding.ts'

/** Before it, ValidatingAdmissionPolicies are not on by default. */
const OLDEST = 30
/** Constrained impersonation is on by default from here. */
const ACTING = 36

export const serverCheck: Check = {
  name: 'server',
  run: async ({ api }) => {
    const version = await api.serverVersion()
    const [, major, minor] = /^v?([0-9]+)\.([0-9]+)/.exec(version) ?? []
    if (major === undefined || minor === undefined) return [warn(`does not say which version it is (${JSON.stringify(version)})`)]
    const number = major === '1' ? Number(minor) : Number.POSITIVE_INFINITY
    if (number < OLDEST) return [fail(`${version} is older than 1.${OLDEST}: our own objects cannot be guarded`, `upgrade the cluster to 1.${ACTING} or later`)]
    if (number < ACTING) {
      return [fail(`${version} has no constrained impersonation: policies watch and report, but no act and no dry run is carried out`, `upgrade the cluster to 1.${ACTING} or later; until then use mode: monitor`)]
    }
    return [ok(version)]
  },
}
