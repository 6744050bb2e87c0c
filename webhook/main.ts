/** The process of the door. */
import { processEnvironment } from '../shared/adapters/process-environment.ts'
import { VERSION } from '../shared/lib/version.ts'
import { runWebhook } from './program.ts'

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
process.exitCode = await runWebhook(process.argv.slice(2), processEnvironment('webhook', VERSION, stop.signal))
