/**
 * Milliseconds that this process computed while something was done, all of its threads together. For bounds of what a text
 * or a crowd may cost: unlike the time that passes it does not grow with what else runs on the machine.
 */
export async function processorTime(work: () => unknown): Promise<number> {
  const begun = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / 1000
}
