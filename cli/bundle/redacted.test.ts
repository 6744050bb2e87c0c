import { expect } from 'chai'
import { cloudEvents } from '../../controller/adapters/cloud-events.ts'
import { auditEvent } from '../../controller/healing/audit.ts'
import { correlationOf } from '../../controller/healing/correlation.ts'
import { buildHealingAction, buildPolicy } from '../../shared/testing/builders/objects.ts'
import { redactedJson, redactedLog } from './redacted.ts'

const SECRET = 'q8Zt3LmX0pYw7RkV2nBc5JhD9sFg1TeA'

describe('what goes into a bundle', () => {
  it('has no values of environments, no secrets by their names, and none that look like one', () => {
    const pod = {
      metadata: { name: 'web', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': SECRET, note: `see ${SECRET}` }, managedFields: [{ manager: SECRET }] },
      spec: { containers: [{ name: 'app', args: ['--token', `--password=${SECRET}`, SECRET], env: [{ name: 'PLAIN', value: 'short' }, { name: 'FROM', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } }] }] },
      data: { password: 'short', apiKey: 'short', 'config.yaml': `dsn: postgres://shop:${SECRET}@db/shop` },
    }
    const text = JSON.stringify(redactedJson(pod))
    expect(text).to.not.include(SECRET).and.not.include('short').and.not.include('managedFields')
    expect(text).to.include('"PLAIN"').and.to.include('"secretKeyRef":{"name":"db","key":"password"}').and.to.include('"name":"web"')
  })

  it('has objects of ours as they are, but for what somebody wrote into them', () => {
    for (const object of [buildPolicy(), buildHealingAction({ metadata: { labels: { 'kubeskippy.io/correlation-id': correlationOf(buildHealingAction().spec) } } })]) expect(redactedJson(object)).to.deep.equal(object)
  })

  it('has log lines by their members, and what is no JSON as text', () => {
    const id = correlationOf(buildHealingAction().spec)
    const line = JSON.stringify({ msg: 'ended', correlationId: id, action: 'cart-restart-ibtp5s3jb42m2jub', detail: `token=${SECRET}` })
    expect(redactedLog(`${line}\nError: DB_PASSWORD=${SECRET}\n{ ${SECRET}`)).to.include(id).and.to.include('cart-restart-ibtp5s3jb42m2jub').and.to.not.include(SECRET)
  })

  it('has events of the audit stream as they are', () => {
    const action = buildHealingAction({ metadata: { name: 'cart-restart-ibtp5s3jb42m2jub' } })
    const id = 'write/kubeskippy-controller-manager-6d5f7c9b8-x2x9q_3f2504e0-4f89-11d3-9a0c-0305e82c3301/1'
    let text = ''
    cloudEvents((line) => void (text += line)).emit(auditEvent(action, 'requested', { id, time: '2030-01-01T00:00:00Z', data: { write: { id } } }))
    expect(redactedLog(text)).to.equal(text)
  })

  const kept = (value: unknown): string => JSON.stringify(redactedJson(value))

  describe('of a patch that a policy writes', () => {
    const of = (patchAction: object) => kept({ spec: { actions: [{ name: 'p', type: 'patch', patchAction }] } })
    const containers = [{ name: 'app', env: [{ name: 'DB_PASSWORD', value: 'hunter2' }, { name: 'PLAIN', value: 'hunter2' }] }]
    const texts = {
      JSON: JSON.stringify({ spec: { template: { spec: { containers } } } }),
      YAML: 'spec:\n  template:\n    spec:\n      containers:\n        - name: app\n          env:\n            - name: PLAIN\n              value: hunter2\n',
      'YAML in one line': 'spec: { template: { spec: { containers: [{ name: app, env: [{ name: PLAIN, value: hunter2 }] }] } } }',
      operations: JSON.stringify([{ op: 'add', path: '/spec/template/spec/containers/0/env/0', value: 'hunter2' }]),
      'operations in YAML': '- op: replace\n  path: /spec/template/spec/containers/0/env/0/value\n  value: hunter2\n',
      'what cannot be read': 'env: [{ name: PLAIN, value: hunter2 }',
    }
    for (const [title, patch] of Object.entries(texts)) it(`nothing that it writes, as ${title}`, () => expect(of({ type: 'strategic', patch })).to.include('patch').and.to.not.include('hunter2'))

    it('the paths, and how many there are', () => {
      expect(of({ patch: texts.operations })).to.include('/spec/template/spec/containers/0/env/0')
      expect(of({ patch: texts['operations in YAML'] })).to.include('/spec/template/spec/containers/0/env/0/value')
      expect(of({ patch: texts.YAML })).to.include('PLAIN')
      const path = ['spec', 'template', 'spec', 'containers', 'app', 'env', 'PLAIN', 'value']
      expect(of({ patches: [{ path, value: 'hunter2' }] })).to.include('"env","PLAIN"').and.to.not.include('hunter2')
    })

    it('what it costs nobody minutes to read', () => expect(of({ patch: '[{'.repeat(4096) })).to.not.include('[{['))
  })

  const KEY = `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkq'.repeat(4)}\nq5w\n-----END PRIVATE KEY-----`

  for (const [title, value] of Object.entries({
    'of what follows a flag': { args: ['serve', '--token', 'hunter2', '-db-password', 'hunter2'] },
    'of numbers': { data: { password: 12_345 } },
    'of what is below a name': { secret: { value: 'hunter2' }, password: { text: ['hunter2', 12_345] } },
    'of what a name beside it names': { headers: [{ name: 'Authorization', value: 'hunter2' }], intent: [{ path: '/metadata/annotations/db-password', before: 'hunter2', after: '12345' }] },
    'of files': { data: { 'config.yaml': 'db:\n  password:\n    hunter2\n  more: { token: 12345 }\n', 'config.json': '{"env":[{"name":"A","value":"hunter2"}]}' } },
    'of files of several documents': { data: { 'config.yaml': 'a: 1\n---\nenv:\n- name: A\n  value: hunter2\n' } },
    'of what people say in annotations of ours': { metadata: { annotations: { 'kubeskippy.io/pause': 'token=hunter2', 'kubeskippy.io/allow': 'password: hunter2' } } },
    'of what is no identifier, whatever it is called': { request: 'GET https://ann:hunter2@host/x?token=hunter2', source: 'https://host/x?token=hunter2', image: 'ann:hunter2@host/x', key: 'token=hunter2', name: 'password: hunter2', id: `Bearer hunter2` },
    'of keys under names that somebody has chosen': { data: { key: SECRET.toLowerCase(), hash: 'q8zt3lmx0pyw7rkv2nbc5jhd9sfg1tea' } },
  })) {
    it(`has no secrets ${title}`, () => expect(kept(value)).to.not.match(/hunter2|12345|q8zt3lm/))
  }

  it('has what tells where a secret is kept, and what is only called like one', () => {
    const pod = { spec: { automountServiceAccountToken: false, volumes: [{ name: 'tls', secret: { secretName: 'kubeskippy-webhook-tls' } }] }, status: { containerStatuses: [{ imageID: `registry.example.com:5000/x/kubeskippy@sha256:${'0a'.repeat(32)}`, containerID: `containerd://${'0a'.repeat(32)}` }] } }
    expect(redactedJson(pod)).to.deep.equal(pod)
  })

  it('has the schema of a definition', () => {
    const definition = { spec: { versions: [{ name: 'v1', schema: { openAPIV3Schema: { properties: { secret: { type: 'boolean', description: 'Whether.' }, list: { 'x-kubernetes-list-map-keys': ['type'] } } } } }] } }
    expect(redactedJson(definition)).to.deep.equal(definition)
  })

  it('has nothing of a key in a log, down to its last line', () => {
    const log = redactedLog(`started\n${KEY}\n{"msg":"on"}\n${KEY.slice(KEY.indexOf('\n') + 1)}\nready`)
    expect(log).to.not.include('q5w').and.to.not.include('MIIE')
    expect(log.split('\n')).to.include.members(['started', '{"msg":"on"}', 'ready'])
  })
})
