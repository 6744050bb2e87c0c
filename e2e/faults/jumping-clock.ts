/**
 * Loaded before the controller: its wall clock jumps at each SIGUSR2, ten minutes ahead, back, ten minutes behind, and
 * back. The injected clock is that of the process alone; timers go by the monotonic one, as they do when a machine's
 * clock is set.
 */
const TEN_MINUTES = 600_000
const SHIFTS = [0, TEN_MINUTES, 0, -TEN_MINUTES]
const JUMPED = 'the clock jumps'
let jumps = 0
process.on('SIGUSR2', () => {
  jumps++
  // Into the log of the program: that it has jumped is known by this.
  process.stderr.write(`${JUMPED}\n`)
})
const shift = (): number => SHIFTS[jumps % SHIFTS.length] ?? 0

const RealDate = Date
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: [], self) => Reflect.construct(target, args.length === 0 ? [RealDate.now() + shift()] : args, self) as Date,
  apply: () => new RealDate(RealDate.now() + shift()).toString(),
  get: (target, name, self): unknown => (name === 'now' ? () => RealDate.now() + shift() : Reflect.get(target, name, self)),
})
