import { seconds } from '../../lib/time.ts'

/** No pod that takes traffic is Ready sooner. */
export const SHORTEST_START = seconds(30)
