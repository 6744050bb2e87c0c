/** Secrets that look like secrets, in every place that the owner of a workload can write. */
import { createHash } from 'node:crypto'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { deployment } from '../healing/fixture.ts'

/** How secrets stand in text. */
const FORMS: readonly ((secret: string) => string)[] = [(s) => s, (s) => `DB_PASSWORD=${s}`, (s) => `token: ${s}`, (s) => `postgres://shop:${s}@db:5432/shop`, (s) => `Authorization: Bearer ${s}`]

/** 40 characters by chance, the same in every run. */
const secretOf = (index: number): string => createHash('sha512').update(`canary ${index}`).digest('base64').replaceAll(/[+/=]/g, '').slice(0, 40)

export class Canaries {
  readonly #planted: string[] = []

  /** Secrets by themselves. */
  bare(count: number): string[] {
    const made = Array.from({ length: count }, (_, i) => secretOf(this.#planted.length + i))
    this.#planted.push(...made)
    return made
  }

  /** As they stand in text. */
  lines(count: number): string[] {
    return this.bare(count).map((secret, i) => FORMS[i % FORMS.length]?.(secret) ?? secret)
  }

  /** That do not look like secrets. */
  words(count: number): string[] {
    const made = Array.from({ length: count }, (_, i) => `ferret${this.#planted.length + i}hunter`)
    this.#planted.push(...made)
    return made
  }

  record(count: number, prefix: string, values = this.lines(count)): Record<string, string> {
    return Object.fromEntries(values.map((value, i) => [`${prefix}${i}`, value]))
  }

  get count(): number {
    return this.#planted.length
  }

  /** Those that are in the text. */
  foundIn(text: string): readonly string[] {
    return this.#planted.filter((secret) => text.includes(secret))
  }
}

interface Made {
  readonly metadata: object
  readonly spec: { readonly template: { readonly metadata: { readonly labels: object }; readonly spec: { readonly containers: readonly object[] } } }
}

/** A Deployment full of them, that crashes after it has said some more, and what it reads them from. */
export function leakyWorkload(namespace: string, name: string, canaries: Canaries): readonly object[] {
  const made = deployment(name, 'always') as Made
  const { template } = made.spec
  const said = canaries.lines(20).map((line) => `echo '${line}'`).join('; ')
  const ended = canaries.lines(10).map((line) => `echo '${line}' >> /dev/termination-log`).join('; ')
  const container = {
    ...template.spec.containers[0],
    command: ['sh', '-c', `${said}; ${ended}; exit 7`],
    args: canaries.lines(20),
    env: Object.entries(canaries.record(20, 'SECRET_')).map(([key, value]) => ({ name: key, value })),
    envFrom: [{ configMapRef: { name: 'leaky' } }, { secretRef: { name: 'leaky' } }],
    terminationMessagePolicy: 'FallbackToLogsOnError',
  }
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'leaky', namespace }, data: canaries.record(20, 'config-') },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'leaky', namespace }, stringData: canaries.record(20, 'secret-') },
    {
      ...made,
      metadata: { ...made.metadata, namespace, annotations: canaries.record(10, 'note.example.com/n') },
      spec: {
        ...made.spec,
        template: {
          metadata: { labels: { ...template.metadata.labels, ...canaries.record(10, 'label-', canaries.bare(10)) }, annotations: canaries.record(10, 'note.example.com/n') },
          spec: { ...template.spec, containers: [container] },
        },
      },
    },
  ]
}

/** What is taken for a program of ours, and logs what none of ours does. */
export function leakyProgram(canaries: Canaries): object {
  const lines = canaries.lines(20).map((line, i) => `echo '${i % 2 === 0 ? line : JSON.stringify({ msg: 'connected', detail: line, env: [{ name: 'A', value: canaries.bare(1)[0] }] })}'`)
  const [argument = '', below = '', under = '', last = ''] = canaries.words(4)
  // From its environment: the command would be one text.
  const more = [JSON.stringify({ msg: 'started', args: ['--token', argument], password: { text: under } }), `db:\n  password:\n    ${below}`, `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkq'.repeat(4)}\n${last}\n-----END PRIVATE KEY-----`, 'listening'].join('\n')
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'talker', namespace: OPERATOR_NAMESPACE, labels: { 'app.kubernetes.io/name': 'kubeskippy' }, annotations: canaries.record(5, 'note.example.com/n') },
    spec: {
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{
        name: 'talker',
        image: 'kubeskippy.local/busybox:1',
        imagePullPolicy: 'Never',
        command: ['sh', '-c', `echo 'connected to the database'; ${lines.join('; ')}; printf '%s\\n' "$MORE"; while true; do sleep 1; done`],
        env: Object.entries({ ...canaries.record(10, 'VALUE_', canaries.bare(10)), MORE: more }).map(([name, value]) => ({ name, value })),
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      }],
    },
  }
}
