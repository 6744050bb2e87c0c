/**
 * Before the first suite, outside of every suite's time limit: on a new machine the cluster's programs are built, which
 * takes minutes. What cannot be done here is told by the suite that needs it.
 */
import { config } from 'chai'
import { log } from './command.ts'
import { messageOf } from './errors.ts'
import { ensureParts } from './parts.ts'
import { assertMachine } from './preflight.ts'

// Of a failure that comes once in a hundred runs the summary has to say all.
config.truncateThreshold = 0

export async function mochaGlobalSetup(): Promise<void> {
  const node = process.getuid?.() === 0
  try {
    await assertMachine({ node })
    await ensureParts(node, { log })
  } catch (cause) {
    log(messageOf(cause))
  }
}
