import { expect } from 'chai'
import * as fc from 'fast-check'
import { redact, REDACTED, redactedTail, redactReason } from './redact.ts'

describe('redaction', () => {
  const cases: readonly [string, string, string][] = [
    ['a password in logfmt', 'level=info password=hunter2 user=ann', `level=info password=${REDACTED} user=ann`],
    ['an upper-case variable', 'DB_PASSWORD=hunter2', `DB_PASSWORD=${REDACTED}`],
    ['a member of JSON', '{"msg":"x","api_key":"k-1","n":1}', `{"msg":"x","api_key":${REDACTED},"n":1}`],
    ['camel case in JSON', '{"clientSecret": "a \\"b\\" c", "n": 1}', `{"clientSecret": ${REDACTED}, "n": 1}`],
    ['JSON inside a quoted text', 'body="{\\"password\\":\\"hunter2\\",\\"n\\":1}"', `body="{\\"password\\":${REDACTED},\\"n\\":1}"`],
    ['a phrase after a colon', 'password: correct horse battery', `password: ${REDACTED}`],
    ['a flag', 'run --token abc --retries 3', `run --token ${REDACTED} --retries 3`],
    ['a flag in a list', 'exec ["run", "--token", "abc", "--retries", "3"]', `exec ["run", "--token", ${REDACTED}, "--retries", "3"]`],
    ['a flag in a list inside a quoted text', '{"msg":"exec [\\"--token\\",\\"abc\\"]"}', `{"msg":"exec [\\"--token\\",${REDACTED}]"}`],
    ['an authorization header', 'GET / Authorization: Bearer abc.def', `GET / Authorization: ${REDACTED}`],
    ['cookies', 'Cookie: a=b; session=c', `Cookie: ${REDACTED}`],
    ['a bearer token in a sentence', 'sent Bearer abcdef123', `sent Bearer ${REDACTED}`],
    ['a URL with user and password', 'dial postgres://ann:p@ss@db:5432/shop failed', `dial postgres://${REDACTED}@db:5432/shop failed`],
    ['a DSN without a scheme', 'open root:hunter2@tcp(db:3306)/shop', `open ${REDACTED}@tcp(db:3306)/shop`],
    ['a token of GitHub', 'using ghp_abcdefghijklmnopqrstuvwxyz0123456789', `using ${REDACTED}`],
    ['a key of AWS', 'id AKIAIOSFODNN7EXAMPLE', `id ${REDACTED}`],
    ['a JWT that was cut', 'got eyJhbGciOiJIUzI1NiJ9.eyJzdWI', `got ${REDACTED}`],
    ['a signed URL', 'GET /b?se=2030&sig=a%2Bb&x=1', `GET /b?se=2030&sig=${REDACTED}&x=1`],
    ['a key in several lines', 'a\n-----BEGIN PRIVATE KEY-----\nMIIE\nabc=\n-----END PRIVATE KEY-----\nb', `a\n${REDACTED}\nb`],
    ['a key whose end is missing', 'a\n-----BEGIN PRIVATE KEY-----\nMIIE', `a\n${REDACTED}`],
    ['a key whose begin is missing', `a\n${'MIIEvQIBADANBgkq'.repeat(4)}\nQ5w==\n-----END PRIVATE KEY-----\nb`, `a\n${REDACTED}\n${REDACTED}\n${REDACTED}\nb`],
    ['a key of which only the middle is there', `${'MIIEvQIBADANBgkq'.repeat(4)}\nQ5w==\nready`, `${REDACTED}\n${REDACTED}\nready`],
    ['a key with escaped line ends', '{"k":"-----BEGIN KEY-----\\nMIIE\\n-----END KEY-----"}', `{"k":"${REDACTED}"}`],
    ['what is below a name of YAML', 'db:\n  password:\n    hunter2\n  name: a', `db:\n  password: ${REDACTED}\n  name: a`],
    ['a text in several lines', 'password: |-\n  hunter2\n\n  more\nname: a', `password: ${REDACTED}\nname: a`],
    ['a list', 'tokens:\n- hunter2\n- more\nname: a', `tokens: ${REDACTED}\nname: a`],
    ['a random text', 'got 9aF3kLmQ2xZ7pR4tB8wY1cV6nJ5h', `got ${REDACTED}`],
    ['a long hash', 'digest 9e107d9d372bb6826bd81d3542a419d6', `digest ${REDACTED}`],
  ]
  for (const [title, text, expected] of cases) it(`takes ${title}`, () => expect(redact(text)).to.equal(expected))

  for (const text of [
    'panic: runtime error: invalid memory address or nil pointer dereference',
    '    at Object.<anonymous> (/app/src/CheckoutController.ts:42:13)',
    'pod checkout-api-7d9f8b6c5d-x2x9q of Deployment checkout-api is not ready',
    'request 3f2504e0-4f89-11d3-9a0c-0305e82c3301 took 31 ms',
    'connecting to https://db.shop.svc.cluster.local:5432/shop',
    '2030-01-01T00:00:00.123Z INFO java.util.concurrent.ThreadPoolExecutor$Worker.run(ThreadPoolExecutor.java:640)',
    'tokenizer loaded, the author passed 12 tests, compass ready',
    'exit status 137, OOMKilled',
  ]) {
    it(`leaves: ${text}`, () => expect(redact(text)).to.equal(text))
  }

  describe('of secrets planted in logs', () => {
    const letters = (alphabet: string, min: number, max: number): fc.Arbitrary<string> =>
      fc.array(fc.constantFrom(...alphabet.split('')), { minLength: min, maxLength: max, size: 'max' }).map((chars) => chars.join(''))
    const LOWER = 'abcdefghijklmnopqrstuvwxyz'
    const ALNUM = `${LOWER}${LOWER.toUpperCase()}0123456789`
    const word = letters(ALNUM, 10, 24)
    /** As people choose and tools make them; no blank and no quote, which end an unquoted one. */
    const password = letters(`${ALNUM}!#$%*+-./:;<>?^_|~@&,()`, 10, 30).filter((text) => /[A-Za-z0-9]/.test(text[0] ?? ''))
    const quotable = letters(`${ALNUM} !#$%*+-./:;<>?^_|~@&,()\n`, 10, 30)
    const name = fc.constantFrom('password', 'DB_PASSWORD', 'apiKey', 'api-key', 'client_secret', 'clientSecret', 'accessToken', 'X_AUTH_TOKEN', 'AWS_SECRET_ACCESS_KEY', 'connectionString', 'private_key', 'passphrase', 'SESSION_ID')
    const base64 = letters(`${ALNUM}+/`, 60, 64)
    const base64url = letters(`${ALNUM}-_`, 20, 60)
    const planted: fc.Arbitrary<{ readonly secret: string; readonly text: string }> = fc.oneof(
      fc.tuple(name, password).map(([key, secret]) => ({ secret, text: `${key}=${secret} next=1` })),
      fc.tuple(name, password).map(([key, secret]) => ({ secret, text: `level=warn ${key}: ${secret}` })),
      fc.tuple(name, quotable).map(([key, secret]) => ({ secret: JSON.stringify(secret).slice(1, -1), text: JSON.stringify({ msg: 'x', [key]: secret, n: 1 }) })),
      fc.tuple(name, quotable).map(([key, secret]) => ({ secret: JSON.stringify(JSON.stringify(secret)).slice(3, -3), text: JSON.stringify({ body: JSON.stringify({ [key]: secret, n: 1 }) }) })),
      fc.tuple(name, word).map(([key, secret]) => ({ secret, text: `run --${key} ${secret} --n 1` })),
      base64url.map((secret) => ({ secret, text: `Authorization: Bearer ${secret}` })),
      fc.tuple(word, word).map(([user, secret]) => ({ secret, text: `dial postgres://${user}:${secret}@db:5432/shop` })),
      letters(`${ALNUM}@!.:`, 10, 20).map((secret) => ({ secret, text: `GET https://ann:${secret}@host/path ok` })),
      fc.tuple(base64url, base64url).map(([payload, secret]) => ({ secret, text: `got eyJhbGciOiJIUzI1NiJ9.eyJ${payload}.${secret} from` })),
      letters(ALNUM, 36, 36).map((secret) => ({ secret, text: `remote: ghp_${secret}` })),
      letters('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16, 16).map((secret) => ({ secret, text: `id AKIA${secret} used` })),
      fc.array(base64, { minLength: 1, maxLength: 30 }).map((lines) => ({ secret: lines.join('\n'), text: `-----BEGIN RSA PRIVATE KEY-----\n${lines.join('\n')}\n-----END RSA PRIVATE KEY-----` })),
      fc.array(base64, { minLength: 1, maxLength: 30 }).map((lines) => ({ secret: lines.join('\n'), text: `${lines.join('\n')}\n-----END RSA PRIVATE KEY-----` })),
      fc.array(base64, { minLength: 1, maxLength: 30 }).map((lines) => ({ secret: lines.join('\n'), text: lines.join('\n') })),
    )
    const noise = fc.constantFrom('', 'starting', 'connected to db:5432', 'panic: nil pointer', '{"level":"info","msg":"ready"}', 'GET /healthz 200')
    const log = fc.tuple(fc.array(noise, { maxLength: 6 }), planted, fc.array(noise, { maxLength: 6 }))

    /** No eight characters of it in a row, but for what no net could tell from a word. */
    const survives = (output: string, secret: string): string | undefined => {
      for (let i = 0; i + 8 <= secret.length; i++) {
        const piece = secret.slice(i, i + 8)
        if (output.includes(piece)) return piece
      }
      return undefined
    }

    it('none survives', () => {
      fc.assert(
        fc.property(log, ([before, { secret, text }, after]) => {
          const output = redact([...before, text, ...after].join('\n'))
          expect(survives(output, secret), output).to.equal(undefined)
          // What stands around it is still there.
          for (const line of [...before, ...after]) expect(output).to.include(line)
        }),
        { numRuns: 3000 },
      )
    })

    it('none survives where the log was cut, whatever the limit', () => {
      fc.assert(
        fc.property(log, fc.integer({ min: 1, max: 400 }), fc.boolean(), ([before, { secret, text }, after], limit, whole) => {
          const output = redactedTail([...before, text, ...after].join('\n'), limit, whole)
          expect(output.length).to.be.at.most(limit)
          expect(survives(output, secret), output).to.equal(undefined)
        }),
        { numRuns: 3000 },
      )
    })

    it('ends for hostile text, and grows nothing when done twice', () => {
      fc.assert(
        fc.property(fc.string({ maxLength: 300 }), (text) => {
          const once = redact(text)
          expect(redact(once).length).to.be.at.most(once.length + 10)
        }),
      )
      for (const hostile of ['password'.repeat(4000), '='.repeat(30_000), '"'.repeat(30_000), `${'a'.repeat(20_000)}:`, 'a:'.repeat(15_000), '://'.repeat(10_000), '\\'.repeat(30_000), `password="${'\\'.repeat(20_000)}`]) redact(hostile)
    })
  })
})

describe('a reason', () => {
  for (const reason of ['FailedToUpdateEndpointSlices', 'CrashLoopBackOff', 'OOMKilled', 'ErrImageNeverPull', 'FailedCreatePodSandBox', 'FailedPreStopHook', 'CIDRNotAvailable', 'DNSConfigForming', 'MinimumReplicasUnavailable', 'FailedComputeMetricsReplicas', 'VolumeFailedRecycleOfALongNameIndeed', 'NewReplicaSetAvailable', 'SyncLoadBalancerFailed', 'Error', 'BackoffLimitExceeded']) {
    it(`is a word: ${reason}`, () => expect(redactReason(reason)).to.equal(reason))
  }
  it('is none where it looks like a secret', () => {
    expect(redactReason('x7Kp2mQ9vR4tLw8ZbN3cYf6HdJ1sGa5')).to.equal(REDACTED)
    expect(redactReason('password=hunter2')).to.equal(`password=${REDACTED}`)
  })
})

describe('the tail of a log', () => {
  it('is whole lines from its end', () => expect(redactedTail('first\nsecond\nthird\n', 13)).to.equal('second\nthird'))
  it('leaves out the last line when it may have been cut', () => expect(redactedTail('first\nsec', 100, false)).to.equal('first'))
  it('is empty when the one line may have been cut', () => expect(redactedTail('first', 100, false)).to.equal(''))
  it('drives no terminal', () => expect(redactedTail('\u001b[31mred\u001b[0m\u0007 \u202Eevil\ttab\r\nnext', 100)).to.equal('red evil\ttab\nnext'))
})
