/** `follow.ts CLUSTER_DIR FILE`: keeps the file of pods that want to be scraped, until it is ended. */
import { followPods } from './discovery.ts'

const [dir = '', file = ''] = process.argv.slice(2)
const following = await followPods({ dir }, file)
// Looking alone keeps no process alive.
const alive = setInterval(() => {}, 60_000)
process.once('SIGTERM', () => {
  clearInterval(alive)
  void following.stop()
})
