/**
 * The clock of all decisions is the API server's: the times of pods are its, and the hour of a limit outlives this
 * machine. The estimate never runs ahead of it, so that what comes after a write is not taken for older.
 */
import type { KubeReader } from '../../shared/kube/api.ts'
import type { Clock } from '../../shared/lib/time.ts'

export const clusterClock = (own: Clock, api: Pick<KubeReader, 'serverTime'>): Clock => ({
  // Before its first answer there is nothing to decide about.
  now: () => api.serverTime() ?? own.now(),
})
