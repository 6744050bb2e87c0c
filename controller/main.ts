import { processEnvironment } from '../shared/adapters/process-environment.ts'
import { VERSION } from '../shared/lib/version.ts'
import { runController } from './program.ts'

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
process.exitCode = await runController(process.argv.slice(2), processEnvironment('controller', VERSION, stop.signal))
