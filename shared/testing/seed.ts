/** One seed for every property test, so that a run says the same on every machine. `SEED=n` looks elsewhere, or replays. */
import { configureGlobal } from 'fast-check'

configureGlobal({ seed: Number(process.env['SEED'] ?? 20_300_101) })
