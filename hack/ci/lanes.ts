/** Takes items off a list, several at once, in their order; stops taking when there is no reason to go on. */
export async function inLanes<T>(items: readonly T[], lanes: number, take: (item: T) => Promise<void>, goOn: () => boolean = () => true): Promise<void> {
  const left = [...items]
  const lane = async (): Promise<void> => {
    for (;;) {
      const next = left.shift()
      if (next === undefined || !goOn()) return
      await take(next)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
