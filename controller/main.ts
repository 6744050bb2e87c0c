import { processEnvironment } from '../shared/adapters/process-environment.ts'
import { VERSION } from '../shared/lib/version.ts'
import { runController } from './program.ts'

/** OpenTelemetry's own. */
const TRACES_ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT'

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
process.exitCode = await runController(process.argv.slice(2), { ...processEnvironment('controller', VERSION, stop.signal), defaultTracesEndpoint: () => process.env[TRACES_ENDPOINT] })
