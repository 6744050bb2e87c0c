/**
 * The door beside other webhooks, in one run and in turns.
 *
 *     node bench/webhook/main.ts [throughput] [latency] [memory] [apply] [--rounds=5]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { issueAuthority, issueLeaf } from '../../certs/issue.ts'
import { must } from '../../e2e/cluster/exec.ts'
import { callerEnv } from '../../e2e/cluster/paths.ts'
import { systemClock } from '../../shared/adapters/system-clock.ts'
import { hours } from '../../shared/lib/time.ts'
import { measureApply } from './apply.ts'
import { measureLatency, measureMemory, measureThroughput } from './parts.ts'
import { review } from './review.ts'

const PARTS = { throughput: measureThroughput, latency: measureLatency, memory: measureMemory, apply: measureApply } as const
type Part = keyof typeof PARTS
const isPart = (text: string): text is Part => Object.hasOwn(PARTS, text)

const { positionals, values } = parseArgs({ allowPositionals: true, options: { rounds: { type: 'string', default: '5' } } })
const rounds = Number(values.rounds)
const unknown = positionals.filter((text) => !isPart(text))
if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
  console.error(`usage: node bench/webhook/main.ts [${Object.keys(PARTS).join('] [')}] [--rounds=5]`)
  process.exit(2)
}
const folder = mkdtempSync(join(tmpdir(), 'kubeskippy-bench-'))
try {
  await prepare(folder)
  const chosen = positionals.filter(isPart)
  for (const part of chosen.length === 0 ? (Object.keys(PARTS) as Part[]) : chosen) {
    console.log(`\n${part}\n`)
    console.log(await PARTS[part]({ folder, rounds, say: (line) => console.error(line) }))
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Certificate, review, and the programs in Go. */
async function prepare(folder: string): Promise<void> {
  const now = systemClock.now()
  const authority = await issueAuthority(now, hours(24))
  const leaf = await issueLeaf(authority, { dns: ['localhost'], ips: ['127.0.0.1'] }, now, hours(24))
  writeFileSync(join(folder, 'ca.crt'), authority.cert)
  writeFileSync(join(folder, 'tls.crt'), leaf.cert)
  writeFileSync(join(folder, 'tls.key'), leaf.key)
  writeFileSync(join(folder, 'review.json'), review())
  console.error('building the peer and the load generator (a minute or two the first time)')
  await must('go', ['build', '-o', `${folder}/`, './...'], { cwd: fileURLToPath(new URL('go', import.meta.url)), env: { ...callerEnv(), GOWORK: 'off', GOFLAGS: '', CGO_ENABLED: '0' } })
}
