import { CONSTRAINED_SINCE } from '../../shared/kube/server-version.ts'
import { fail, ok, warn, type Check } from './finding.ts'

/** Before it, ValidatingAdmissionPolicies are not on by default. */
const OLDEST = 30

export const serverCheck: Check = {
  name: 'server',
  run: async ({ api }) => {
    const { name, minor } = await api.serverVersion()
    if (minor === undefined) return [warn(`does not say which version it is (${JSON.stringify(name)})`)]
    const what = name.includes(`.${minor}.`) || minor === Number.POSITIVE_INFINITY ? name : `${name} as 1.${minor}`
    if (minor < OLDEST) return [fail(`${what} is older than 1.${OLDEST}: our own objects cannot be guarded`, `upgrade the cluster to 1.${CONSTRAINED_SINCE} or later`)]
    if (minor < CONSTRAINED_SINCE) {
      return [warn(`${what} has no constrained impersonation: where the chart lets the controller be a healer (healers.namespaces), it may do all that he may, and nowhere else does it act`, `upgrade the cluster to 1.${CONSTRAINED_SINCE} or later`)]
    }
    return [ok(what)]
  },
}
