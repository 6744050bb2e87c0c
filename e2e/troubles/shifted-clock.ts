/** Loaded before a program: its wall clock is off by `SHIFT` seconds, as on a machine that nobody synchronizes. Timers go by the monotonic clock, as they do there. */
const shift = Number(process.argv.find((argument) => argument.startsWith('--shift='))?.slice('--shift='.length)) * 1000
process.argv = process.argv.filter((argument) => !argument.startsWith('--shift='))

const RealDate = Date
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: [], self) => Reflect.construct(target, args.length === 0 ? [RealDate.now() + shift] : args, self) as Date,
  apply: () => new RealDate(RealDate.now() + shift).toString(),
  get: (target, name, self): unknown => (name === 'now' ? () => RealDate.now() + shift : Reflect.get(target, name, self)),
})
