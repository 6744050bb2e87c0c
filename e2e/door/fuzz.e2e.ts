/** A hundred thousand bodies, from whole reviews to mere bytes, for the door in a process of its own. `FUZZ=n` for another number, `SEED=n` for others. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import { connect } from 'node:tls'
import { expect } from 'chai'
import { Pool } from 'undici'
import { issueAuthority, issueLeaf } from '../../certs/issue.ts'
import { systemClock } from '../../shared/adapters/system-clock.ts'
import { hours } from '../../shared/lib/time.ts'
import { isObject } from '../../shared/lib/json.ts'
import { bodiesOf, type Body } from './fuzz/bodies.ts'
import type { Started, State } from './fuzz/target.ts'

const COUNT = Number(process.env['FUZZ'] ?? 100_000)
const SEED = Number(process.env['SEED'] ?? 20_300_101)
const AT_ONCE = 8
/** Milliseconds alone on the door, best of three. The API server waits for three seconds. */
const BOUND = 500
/** Milliseconds, with others beside it: one that took longer is asked again alone. */
const SLOW = 250

interface Answered {
  readonly status: number
  readonly text: string
  /** Milliseconds. */
  readonly took: number
}

describe('the front door, fed with anything', function () {
  this.timeout(1_140_000)
  let door: ChildProcess
  let pool: Pool
  let port: number
  let ca: string

  before(async () => {
    const authority = await issueAuthority(systemClock.now(), hours(5))
    const pair = await issueLeaf(authority, { dns: ['localhost'], ips: ['127.0.0.1'] }, systemClock.now(), hours(5))
    ca = authority.cert
    door = fork(new URL('fuzz/target.ts', import.meta.url), { execArgv: ['--expose-gc'] })
    door.send({ pair })
    ;({ port } = ((await once(door, 'message')) as [Started])[0])
    pool = new Pool(`https://127.0.0.1:${port}`, { connections: AT_ONCE, connect: { ca } })
  })
  after(async () => {
    await pool?.destroy()
    door?.kill('SIGKILL')
  })

  const send = async ({ path, bytes }: Body): Promise<Answered> => {
    const started = performance.now()
    const { statusCode, body } = await pool.request({ method: 'POST', path, headers: { 'content-type': 'application/json' }, body: bytes })
    return { status: statusCode, text: await body.text(), took: performance.now() - started }
  }
  const state = async (): Promise<State> => {
    door.send('state')
    return ((await once(door, 'message')) as [State])[0]
  }
  const shown = ({ kind, path, bytes }: Body): string => `${kind} ${path} ${bytes.subarray(0, 2000).toString()}`

  it(`answers ${COUNT} bodies: a review with the right uid, or a clean 4xx; in bounded time, in flat memory`, async () => {
    const next = await bodiesOf(SEED)
    const seen = new Map<string, number>()
    const slow: Body[] = []
    const early = Math.ceil(COUNT / 5)
    let [count, worst, first] = [0, 0, 0]
    const work = async (until: number): Promise<void> => {
      while (count < until) {
        count += 1
        const body = next()
        const answer = await send(body)
        const problem = wrong(body, answer)
        if (problem !== undefined) throw new Error(`${problem}: ${answer.status} ${answer.text.slice(0, 1000)}\nto ${shown(body)}`)
        const label = `${body.kind} ${answer.status}`
        seen.set(label, (seen.get(label) ?? 0) + 1)
        worst = Math.max(worst, answer.took)
        if (answer.took > SLOW) slow.push(body)
      }
    }
    const all = (until: number): Promise<unknown> => Promise.all(Array.from({ length: AT_ONCE }, () => work(until)))
    const begun = performance.now()
    await all(early)
    const before = await state()
    await all(COUNT)
    const took = performance.now() - begun
    const after = await state()
    for (const body of slow.slice(0, 200)) {
      const alone = Math.min((await send(body)).took, (await send(body)).took, (await send(body)).took)
      first = Math.max(first, alone)
      expect(alone, shown(body)).to.be.below(BOUND)
    }
    console.log(`      ${Math.round((COUNT / took) * 1000)}/s; slowest of all ${worst.toFixed(0)} ms, ${slow.length} above ${SLOW} ms, slowest of them alone ${first.toFixed(0)} ms; heap ${(before.heap / 2 ** 20).toFixed(1)} MiB after ${early}, ${(after.heap / 2 ** 20).toFixed(1)} MiB after ${COUNT}`)
    console.log(`      ${[...seen].map(([label, number]) => `${label}: ${number}`).toSorted((a, b) => a.localeCompare(b)).join(', ')}`)
    expect(after.errors).to.deep.equal([])
    expect(after.polluted).to.deep.equal([])
    expect(after.heap).to.be.below(before.heap * 1.1 + 4 * 2 ** 20)
    // Each kind reaches what it is meant for.
    for (const label of ['whole 200', 'faulty 200', 'bomb 200', 'text 200', 'text 400', 'bytes 400']) expect(seen.get(label), label).to.be.above(COUNT / 1000)
  })

  it('bytes in place of HTTP, and in place of TLS: it stays open', async () => {
    const next = await bodiesOf(SEED + 1)
    for (let i = 0; i < 200; i++) {
      const garbage = next().bytes.subarray(0, 2000)
      const socket = i % 2 === 0 ? connect({ host: '127.0.0.1', port, ca, servername: 'localhost' }) : connectPlain(port, '127.0.0.1')
      const closed = new Promise((resolve) => socket.on('error', () => {}).once('close', resolve))
      socket.resume().end(garbage)
      await closed
    }
    const { errors } = await state()
    expect(errors).to.deep.equal([])
    expect(door.exitCode).to.equal(null)
    const good = { ...next(), bytes: Buffer.from('{}') }
    expect((await send(good)).status).to.equal(400)
  })
})

/** What is wrong with an answer, if anything. What JSON the body is, is told by JSON.parse. */
function wrong({ bytes }: Body, { status, text }: Answered): string | undefined {
  let body: unknown
  let readable = true
  try {
    body = JSON.parse(bytes.toString())
  } catch {
    readable = false
  }
  const request = isObject(body) && body['apiVersion'] === 'admission.k8s.io/v1' && body['kind'] === 'AdmissionReview' ? body['request'] : undefined
  const uid = isObject(request) ? request['uid'] : undefined
  const answerable = readable && typeof uid === 'string' && uid !== '' && uid.length <= 128
  if (!answerable) return status === 400 && typeof (JSON.parse(text) as { error?: unknown }).error === 'string' ? undefined : 'not a clean 400'
  if (status !== 200) return 'a review that was not answered'
  const { apiVersion, kind, response } = JSON.parse(text) as { apiVersion: unknown; kind: unknown; response: Record<string, unknown> }
  if (apiVersion !== 'admission.k8s.io/v1' || kind !== 'AdmissionReview' || response['uid'] !== uid || typeof response['allowed'] !== 'boolean') return 'not the answer to this review'
  const { status: refusal, patch, patchType, warnings = [] } = response
  if (!response['allowed'] && !(isObject(refusal) && [400, 403, 422].includes(Number(refusal['code'])) && typeof refusal['message'] === 'string' && refusal['message'] !== '')) return 'a refusal without a reason'
  if (patch !== undefined && !(patchType === 'JSONPatch' && typeof patch === 'string' && Array.isArray(JSON.parse(Buffer.from(patch, 'base64').toString())))) return 'a patch that is none'
  const lines = warnings as readonly string[]
  return lines.every((line) => Array.from(line).length <= 120) && lines.join('').length <= 4096 ? undefined : 'warnings that the API server would drop'
}
