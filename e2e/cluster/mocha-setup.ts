/**
 * Before the first suite, outside of every suite's time limit: on a new machine the cluster's programs are built, which
 * takes minutes. What cannot be done here is told by the suite that needs it.
 */
import { log } from './command.ts'
import { messageOf } from './errors.ts'
import { ensureParts } from './parts.ts'
import { assertMachine } from './preflight.ts'

export async function mochaGlobalSetup(): Promise<void> {
  const node = process.getuid?.() === 0
  try {
    await assertMachine({ node })
    await ensureParts(node, { log })
  } catch (cause) {
    log(messageOf(cause))
  }
}
