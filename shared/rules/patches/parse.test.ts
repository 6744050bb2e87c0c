import { expect } from 'chai'
import { DEFAULT_PATCH_ALLOW_LIST, disallowed } from './allowed.ts'
import { parsePatch, type PatchBody } from './parse.ts'
import { compilePattern, shown } from './paths.ts'
import { badValue } from './values.ts'

/** What is wrong, or what is refused, or the fields that are touched. */
function judged(body: PatchBody, { allowList = DEFAULT_PATCH_ALLOW_LIST, selector = [] as readonly string[] } = {}): string[] {
  const parsed = parsePatch(body)
  if ('problems' in parsed) return parsed.problems.map(({ member, what }) => `! ${member} ${what}`)
  return parsed.touches.map((touch) => {
    const no = disallowed(touch, { allowList, selectorKeys: new Set(selector) }) ?? badValue(touch)
    return no === undefined ? shown(touch.path) : `- ${shown(no.path)}: ${no.why}`
  })
}
const strategic = (patch: string, rest = {}): string[] => judged({ type: 'strategic', patch }, rest)
const json = (...operations: readonly object[]): string[] => judged({ type: 'json', patch: JSON.stringify(operations) })
const pod = (member: string): string => `spec: {template: {spec: {containers: [{name: app, ${member}}]}}}`

describe('what patches may touch', () => {
  const allowed: readonly [string, string, string][] = [
    ['annotations', 'metadata: {annotations: {note: x}}', 'metadata.annotations.note'],
    ['the annotation by which kubectl restarts', 'spec: {template: {metadata: {annotations: {kubectl.kubernetes.io/restartedAt: x}}}}', 'spec.template.metadata.annotations[kubectl.kubernetes.io/restartedAt]'],
    ['labels', 'metadata: {labels: {tier: x}}', 'metadata.labels.tier'],
    ['replicas', 'spec: {replicas: 1}', 'spec.replicas'],
    ['resources', pod('resources: {limits: {memory: 1Gi}}'), 'spec.template.spec.containers[app].resources.limits.memory'],
    ['literal values of the environment', pod('env: [{name: A_TIMEOUT, value: "1"}]'), 'spec.template.spec.containers[app].env[A_TIMEOUT].value'],
    ['an annotation whose name is that of a privileged field', 'spec: {template: {metadata: {annotations: {command: x}}}}', 'spec.template.metadata.annotations.command'],
    ['the grace period', 'spec: {template: {spec: {terminationGracePeriodSeconds: 1}}}', 'spec.template.spec.terminationGracePeriodSeconds'],
    ['timings of probes', pod('livenessProbe: {timeoutSeconds: 5}'), 'spec.template.spec.containers[app].livenessProbe.timeoutSeconds'],
  ]
  for (const [title, patch, field] of allowed) it(`are ${title}`, () => expect(strategic(patch)).to.deep.equal([field]))

  const privileged: readonly string[] = [
    pod('image: x'), pod('command: [sh]'), pod('args: [x]'), pod('securityContext: {privileged: true}'), pod('envFrom: []'), pod('volumeMounts: []'), pod('lifecycle: {preStop: {exec: {command: [x]}}}'),
    pod('env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]'), pod('livenessProbe: {exec: {command: [x]}}'), pod('env: [{name: image, value: x}]'), pod('env: [{name: PGHOST, value: x}]'), pod('env: [{name: A, $patch: delete}]'), pod('$patch: delete'), pod('$patch: replace'),
    ...['hostNetwork: true', 'hostPID: true', 'volumes: []', 'serviceAccountName: x', 'nodeName: x', 'securityContext: {runAsUser: 0}', 'initContainers: [{name: i, image: x}]', 'priorityClassName: x', 'nodeSelector: {a: b}'].map((member) => `spec: {template: {spec: {${member}}}}`),
    'metadata: {ownerReferences: []}', 'metadata: {finalizers: []}', 'metadata: {$deleteFromPrimitiveList/finalizers: [x]}', 'metadata: {resourceVersion: "0"}', 'metadata: {uid: x}', 'metadata: {name: x}', 'metadata: {annotations: null}', 'metadata: {labels: {$patch: replace, a: b}}',
    'metadata: {annotations: {kubeskippy.io/ignore: "false"}}', 'metadata: {annotations: {a.kubeskippy.io/x: y}}', 'metadata: {annotations: {deployment.kubernetes.io/revision: "1"}}', 'metadata: {labels: {node.k8s.io/a: b}}', 'metadata: {annotations: {kubernetes.io/a: null}}',
    'spec: {selector: {matchLabels: {app: x}}}', 'spec: {paused: true}', 'spec: {strategy: {type: Recreate}}', 'spec: null', 'spec: {template: null}', 'status: {replicas: 1}', 'kind: Pod', 'apiVersion: v2',
  ]
  for (const patch of privileged) it(`are not: ${patch}`, () => expect(strategic(patch)[0]).to.match(/^- /))

  const values: readonly [string, string][] = [
    ['spec: {replicas: 0}', '- spec.replicas: replicas must be a whole number from 1 to 10000'],
    ['spec: {replicas: null}', '- spec.replicas: replicas must be a whole number from 1 to 10000'],
    ['spec: {replicas: 1.5}', '- spec.replicas: replicas must be a whole number from 1 to 10000'],
    ['spec: {template: {spec: {terminationGracePeriodSeconds: 0}}}', '- spec.template.spec.terminationGracePeriodSeconds: it must be a whole number of 1 or more: 0 kills by force'],
    ['metadata: {annotations: {a: 1}}', '- metadata.annotations.a: its value must be a string'],
    [pod('env: [{name: LOG_LEVEL, value: 1}]'), '- spec.template.spec.containers[app].env[LOG_LEVEL].value: its value must be a string'],
  ]
  for (const [patch, told] of values) it(`have values that hold: ${patch}`, () => expect(strategic(patch)).to.deep.equal([told]))

  it('are no labels by which pods are found', () => {
    expect(strategic('spec: {template: {metadata: {labels: {app: x}}}}', { selector: ['app'] })).to.deep.equal(['- spec.template.metadata.labels.app: by it the pods are found'])
    expect(strategic('metadata: {annotations: {app: x}}', { selector: ['app'] })).to.deep.equal(['metadata.annotations.app'])
  })
  it('are what the installation lists, and nothing else; what is privileged stays out', () => {
    const allowList = ['spec.template.spec.**', 'spec.paused']
    expect(strategic('spec: {paused: true}', { allowList })).to.deep.equal(['spec.paused'])
    expect(strategic('metadata: {annotations: {a: b}}', { allowList })[0]).to.match(/patchAllowList/)
    expect(strategic(pod('image: x'), { allowList })).to.deep.equal(['- spec.template.spec.containers[app].image: it decides which program runs'])
    expect(strategic(pod('resources: {limits: {cpu: 1}}'), { allowList })).to.deep.equal(['spec.template.spec.containers[app].resources.limits.cpu'])
  })
  it('are keys without a prefix, and those whose prefix or name the installation lists', () => {
    const unnamed = 'somebody may act by it, and the list of fields that patches may touch (patchAllowList) does not name it'
    const annotate = (key: string, ...more: readonly string[]): string[] => strategic(`metadata: {annotations: {${JSON.stringify(key)}: x}}`, { allowList: [...DEFAULT_PATCH_ALLOW_LIST, ...more] })
    for (const key of ['example.com/note', 'a/b', 'notkubernetes.io/a', 'a.b', 'io.kubernetes.cri-o.Devices', 'sidecar.istio.io/inject']) expect(annotate(key), key).to.deep.equal([`- metadata.annotations[${key}]: ${unnamed}`])
    expect(strategic('metadata: {labels: {example.com/tier: x}}')).to.deep.equal([`- metadata.labels[example.com/tier]: ${unnamed}`])
    const ours = 'metadata.annotations[example.com/*]'
    for (const key of ['example.com/note', 'Example.com/Note']) expect(annotate(key, ours)).to.deep.equal([`metadata.annotations[${key}]`])
    for (const key of ['a.example.com/note', 'example.com.evil/note', 'example.comx/note', 'example.com.note']) expect(annotate(key, ours), key).to.deep.equal([`- metadata.annotations[${key}]: ${unnamed}`])
    expect(annotate('example.com/note', 'metadata.annotations[example.com/note]')).to.deep.equal(['metadata.annotations[example.com/note]'])
    expect(annotate('example.com/notes', 'metadata.annotations[example.com/note]')[0]).to.match(/^- /)
    // A list for one map says nothing of another, and wide patterns name no key.
    for (const other of ['metadata.labels[example.com/*]', 'spec.template.metadata.annotations[example.com/*]', 'metadata.**', 'metadata.annotations.**']) expect(annotate('example.com/note', other)[0], other).to.match(/^- /)
    expect(strategic('metadata: {labels: {example.com/tier: x}}', { allowList: ['metadata.labels[example.com/*]'] })).to.deep.equal(['metadata.labels[example.com/tier]'])
  })
  it('are no reserved keys, whatever the installation lists, but for a restart', () => {
    for (const key of ['kubeskippy.io/ignore', 'deployment.kubernetes.io/revision', 'kubectl.kubernetes.io/restartedAt']) {
      const prefix = key.split('/')[0]
      expect(strategic(`metadata: {annotations: {${key}: x}}`, { allowList: [`metadata.annotations[${key}]`, `metadata.annotations[${prefix}/*]`] })).to.deep.equal([`- metadata.annotations[${key}]: Kubernetes or an operator acts by it`])
    }
    const restart = 'spec: {template: {metadata: {annotations: {kubectl.kubernetes.io/restartedAt: x}}}}'
    expect(strategic(restart, { allowList: ['spec.template.metadata.annotations.*'] })[0]).to.match(/^- /)
    expect(strategic('spec: {template: {metadata: {labels: {kubectl.kubernetes.io/restartedAt: x}}}}', { allowList: ['spec.template.metadata.labels[kubectl.kubernetes.io/*]'] })[0]).to.match(/acts by it$/)
  })
  it('by a JSON patch are the same fields', () => {
    expect(json({ op: 'replace', path: '/spec/template/spec/containers/0/resources/limits/memory', value: '1Gi' })).to.deep.equal(['spec.template.spec.containers[0].resources.limits.memory'])
    expect(json({ op: 'add', path: '/metadata/annotations/kubeskippy.io~1ignore', value: 'false' })).to.deep.equal(['- metadata.annotations[kubeskippy.io/ignore]: Kubernetes or an operator acts by it'])
    expect(json({ op: 'add', path: '/spec/template/spec/containers/0/env/-', value: { name: 'A', value: 'x' } })[0]).to.match(/^- /)
    expect(json({ op: 'add', path: '/spec/template/spec/containers/-', value: {} })[0]).to.match(/^- /)
    expect(json({ op: 'copy', from: '/spec/template/spec/containers/0/env/0/value', path: '/metadata/annotations/a' })).to.deep.equal(['- metadata.annotations.a: nobody can tell what it would hold then: it could be a secret'])
    expect(json({ op: 'move', from: '/metadata/finalizers', path: '/metadata/annotations/a' })[0]).to.match(/^- metadata.finalizers/)
    expect(json({ op: 'replace', path: '', value: {} })).to.deep.equal(['- the whole object: it is everything'])
  })
})

describe('the text of a patch', () => {
  const cases: readonly [string, PatchBody, string[]][] = [
    ['that is no YAML', { type: 'merge', patch: '{' }, ['! patch cannot be read:']],
    ['with the same key twice', { type: 'merge', patch: 'spec: {replicas: 1, replicas: 2}' }, ['! patch cannot be read:']],
    ['with aliases', { type: 'merge', patch: 'metadata: {annotations: &a {b: c}, labels: *a}' }, ['! patch cannot be read: it has aliases']],
    ['that changes nothing', { type: 'merge', patch: '{}' }, ['whole']],
    ['that only tests', { type: 'json', patch: '[{"op":"test","path":"/a","value":1}]' }, ['! patch changes nothing']],
    ['of the wrong form', { type: 'json', patch: 'spec: {replicas: 1}' }, ['! patch must be a list of operations']],
    ['of the other wrong form', { type: 'strategic', patch: '- op: add' }, ['! patch must be a map']],
    ['beside patches', { type: 'merge', patch: 'a: b', patches: [] }, ['! patches is given beside patch']],
    ['that is not there', { type: 'merge' }, ['! patch is missing']],
  ]
  for (const [title, body, begins] of cases) {
    it(title, () => {
      const told = judged(body)
      expect(told).to.have.length(1)
      expect(told[0]).to.include(begins[0]?.startsWith('!') ? begins[0] : 'everything')
    })
  }
})

describe('patches by path', () => {
  it('become maps, and lists where items have names', () => {
    const parsed = parsePatch({
      type: 'strategic',
      patches: [
        { path: ['spec', 'replicas'], value: '3' },
        { path: ['spec', 'template', 'spec', 'containers', 'app', 'env', 'LEVEL', 'value'], value: '3' },
        { path: ['spec', 'template', 'spec', 'containers', 'app', 'resources', 'limits', 'cpu'], value: '2' },
      ],
    })
    expect('content' in parsed && parsed.content).to.deep.equal({
      type: 'strategic',
      body: { spec: { replicas: 3, template: { spec: { containers: [{ name: 'app', env: [{ name: 'LEVEL', value: '3' }], resources: { limits: { cpu: '2' } } }] } } } },
    })
  })
  const cases: readonly [string, PatchBody['type'], readonly { path: string[]; value: string }[], RegExp][] = [
    ['are no operations', 'json', [{ path: ['a'], value: 'b' }], /^! patches names fields/],
    ['cannot go through a list that merge would replace', 'merge', [{ path: ['spec', 'template', 'spec', 'containers', 'app', 'resources'], value: 'x' }], /^! patches goes through a list/],
    ['hold numbers where the field does', 'strategic', [{ path: ['spec', 'replicas'], value: 'three' }], /^! patches has "three" for spec.replicas/],
    ['name a field once', 'strategic', [{ path: ['metadata', 'labels', 'a'], value: 'x' }, { path: ['metadata', 'labels', 'a'], value: 'y' }], /^! patches names metadata.labels.a twice/],
    ['do not name a field and one below it', 'strategic', [{ path: ['metadata', 'labels'], value: 'x' }, { path: ['metadata', 'labels', 'a'], value: 'y' }], /^! patches names metadata.labels.a, and a field above it/],
    ['have no directives', 'strategic', [{ path: ['metadata', '$patch'], value: 'delete' }], /^! patches names "\$patch"/],
    ['end below a list', 'strategic', [{ path: ['spec', 'template', 'spec', 'containers'], value: 'x' }], /^! patches ends at the list/],
    ['end below an item', 'strategic', [{ path: ['spec', 'template', 'spec', 'containers', 'app'], value: 'x' }], /^! patches names spec.template.spec.containers\[app\] twice/],
  ]
  for (const [title, type, patches, told] of cases) it(title, () => expect(judged({ type, patches: [...patches] })[0]).to.match(told))
})

describe('patterns of the allow-list', () => {
  const cases: [string, boolean][] = [
    ['metadata.annotations.*', true], ['spec.replicas', true], ['spec.template.spec.containers[].resources.**', true], ['**', false], ['.a', false], ['a..b', false], ['a.**.b', false], ['a[0]', false], ['', false], ['spec.*.x', true],
    ['metadata.annotations[example.com/*]', true], ['metadata.labels[example.com/tier]', true], ['spec.template.metadata.annotations[a.b/c_D.e-f]', true], ['metadata.annotations[*]', false], ['metadata.annotations[*/*]', false], ['metadata.annotations[com/*]', false],
    ['metadata.annotations[Example.com/x]', false], ['metadata.annotations[example.com/]', false], ['metadata.annotations[example.com/a*]', false], ['metadata.finalizers[example.com/*]', false], ['metadata.annotations[example.com/*].**', false], ['spec.metadata.labels[example.com/*]', false],
  ]
  const env = (variable: string, list = 'containers'): string => `spec.template.spec.${list}[].env[${variable}].value`
  cases.push([env('LOG_LEVEL'), true], [env('SHOP_*', 'initContainers'), true], [env('*_MODE'), true], [env(''), true], [env('*'), false], [env('A*B'), false], [env('*A*'), false], [env('1A'), false], [env('A=B'), false], [env('A', 'volumes'), false], ['spec.template.spec.containers[].env[A]', false])
  for (const [text, good] of cases) it(`"${text}" is ${good ? 'one' : 'none'}`, () => expect(compilePattern(text) !== undefined).to.equal(good))
  const variable = (name: string, listed: string, value = 'x'): boolean => disallowed({ path: [...['spec', 'template', 'spec'].map((key) => ({ key })), { key: 'containers' }, { key: 'app', item: true }, { key: 'env' }, { key: name, item: true }, { key: 'value' }], kind: 'set', value }, { allowList: [listed] }) === undefined
  const listed: readonly [string, string, boolean][] = [
    ['', 'LOG_LEVEL', true], ['', 'DB_POOL_SIZE', true], ['', 'MODE', false], ['', 'PGHOST', false], ['', 'SPRING_CONFIG_LOCATION', false], ['', 'DATABASE_URL', false], ['', 'DEBUG', false], ['', 'TIMEOUT_HOST', false], ['', 'LOG_LEVEL_URL', false],
    ['MODE', 'MODE', true], ['MODE', 'MODES', false], ['MODE', 'LOG_LEVEL', false], ['MODE', 'mode', false],
    ['SHOP_*', 'SHOP_MODE', true], ['SHOP_*', 'SHOP_', true], ['SHOP_*', 'SHOP', false], ['SHOP_*', 'MY_SHOP_MODE', false], ['*_MODE', 'SHOP_MODE', true], ['*_MODE', 'SHOP_MODES', false],
    // By its place: what it is called the object shows.
    ['', '0', true], ['MODE', '12', true], ['SHOP_*', '1', true], ['*_MODE', '-', false],
  ]
  for (const [pattern, name, good] of listed) it(`env[${pattern}] ${good ? 'takes' : 'does not take'} ${name}`, () => expect(variable(name, env(pattern))).to.equal(good))
  const untold: [name: string, value: string, good: boolean][] = [
    ...['NODE_OPTIONS', 'JAVA_TOOL_OPTIONS', 'MAX_CONNECTIONS', 'WORKERS', 'TIMEOUT', 'RETRIES', 'POLL_INTERVAL', 'SPRING_DATASOURCE_HIKARI_MAXIMUMPOOLSIZE', 'SPRING_TASK_EXECUTION_POOL_MAXSIZE', 'SERVER_TOMCAT_MAXCONNECTIONS', 'SPRING_DATASOURCE_HIKARI_CONNECTIONTIMEOUT'].map((name): [string, string, boolean] => [name, 'x', true]),
    ...['SPRING_DATASOURCE_URL', 'SPRING_CONFIG_LOCATION', 'SPRING_DATASOURCE_HIKARI_CONNECTIONINITSQL', 'SPRING_DATASOURCE_HIKARI_DATASOURCEJNDI', 'HIKARI_MAXIMUMPOOLSIZE', 'NODE_PATH', 'CLASSPATH'].map((name): [string, string, boolean] => [name, 'x', false]),
    ...['true', 'false', 'off', '0', 'Enabled'].map((value): [string, string, boolean] => ['FEATURE_RECOMMENDATIONS', value, true]),
    ...['', 'x', '/bin/sh', 'http://evil.example', 'true; sh', '$(SECRET)'].map((value): [string, string, boolean] => ['FEATURE_RECOMMENDATIONS', value, false]),
    ...['FEATURE_CHECKOUT', 'FF_NEW_CART', 'FEATURE_FLAG_SEARCH', 'FEATURE_ORACLE', 'FEATURE_PROCESSOR_2', 'FEATURE_AUTHORS', 'FEATURE_DROPDOWN', 'FEATURE_LATEST_OFFERS', 'FEATURE_FREEZE_HEADER'].map((name): [string, string, boolean] => [name, 'false', true]),
    ...['FEATURE_DROP_TABLES', 'FEATURE_TRUNCATE', 'FEATURE_TEST_CARDS', 'FEATURE_FREE_CHECKOUT', 'FEATURE_OPEN_REGISTRATION', 'FEATURE_MODERATION', 'FF_RESET_DATA', 'FEATURE_MOCK_GATEWAY', 'FEATURE_AUTH', 'FEATURE_READ_ONLY', 'FF_READONLY', 'FEATURE_DRY_RUN', 'FEATURE_BACKUPS', 'FEATURE_AUTO_DELETE', 'FEATURE_TLS_VERIFY', 'FF_CSRF', 'FEATURE_RATE_LIMIT', 'FEATURE_SKIP_PAYMENT', 'FEATURE_ADMIN_CONSOLE', 'FEATURES', 'MY_FEATURE_X', 'AUTH_ENABLED', 'ENABLE_TLS', 'FEATURE_HTTPS_ONLY', 'FF_WAF', 'FEATURE_KYC', 'FEATURE_ACCESS_CONTROL', 'FEATURE_TENANT_SEPARATION', 'FEATURE_PAYMENT_AUTHORISATION', 'FEATURE_SSO', 'FF_ACLS'].map((name): [string, string, boolean] => [name, 'false', false]),
  ]
  // Of a guard no amount only tunes.
  for (const name of ['KEY_ROTATION_INTERVAL', 'FSYNC_INTERVAL', 'EXPIRY_INTERVAL', 'EVICTION_BATCH_SIZE', 'TTL_INTERVAL', 'LOGIN_MAX_RETRIES', 'RATE_LIMIT_MAX_REQUESTS', 'SESSION_TIMEOUT', 'SERVER_SERVLET_SESSION_TIMEOUT', 'AUTH_TOKEN_TIMEOUT', 'OTP_TIMEOUT', 'OTP_MAX_RETRIES', 'WAF_TIMEOUT', 'KYC_TIMEOUT', 'ACL_CACHE_SIZE', 'SSO_TIMEOUT', 'LOCKOUT_INTERVAL', 'RATE_INTERVAL', 'FRAUD_CHECK_TIMEOUT', 'LEADER_ELECTION_RETRIES', 'LEASE_INTERVAL', 'RETENTION_INTERVAL', 'DELETE_BATCH_SIZE', 'AUDIT_BUFFER_SIZE', 'AUDIT_LOG_LEVEL', 'LOGGING_LEVEL_AUDIT', 'SPRING_SECURITY_CONNECTION_TIMEOUT', 'CIRCUIT_BREAKER_TIMEOUT']) untold.push([name, '5', false])
  for (const name of ['PAYMENT_TIMEOUT', 'ORACLE_POOL_SIZE', 'PROCESSOR_THREADS', 'RELEASE_TIMEOUT', 'AUTHOR_CACHE_SIZE', 'OPERATE_TIMEOUT', 'HTTPS_TIMEOUT', 'ACCESS_LOG_BUFFER_SIZE', 'EXECUTOR_POOL_SIZE', 'SPRING_DATASOURCE_HIKARI_VALIDATIONTIMEOUT', 'GOMEMLIMIT', 'GOGC']) untold.push([name, '5', true])
  for (const [name, value, good] of untold) it(`without being named ${name} may ${good ? '' : 'not '}be ${JSON.stringify(value)}`, () => expect(variable(name, env(''), value)).to.equal(good))
  it('a switch that is named may be anything', () => expect(variable('FEATURE_AUTH', env('FEATURE_AUTH'), 'v2')).to.equal(true))
  it('the entry that is offered lets the field through, and none is offered that does not', () => {
    const field = (...keys: readonly string[]) => ({ path: keys.map((key, index) => (['containers', 'initContainers', 'env'].includes(keys[index - 1] ?? '') ? { key, item: true as const } : { key })), kind: 'set' as const, value: 'x' })
    const pod = ['spec', 'template', 'spec', 'containers', 'app']
    for (const [touch, offered] of [
      [field('metadata', 'annotations', 'shop.example/maintenance'), 'metadata.annotations[shop.example/*]'],
      [field('spec', 'template', 'metadata', 'labels', 'shop.example/tier'), 'spec.template.metadata.labels[shop.example/*]'],
      [field(...pod, 'env', 'SHOP_MODE', 'value'), 'spec.template.spec.containers[].env[SHOP_MODE].value'],
      [field('spec', 'paused'), 'spec.paused'],
      [field(...pod, 'env', 'LD_PRELOAD', 'value'), undefined],
      [field(...pod, 'env', 'a.b', 'value'), undefined],
      [field('metadata', 'annotations', 'kubernetes.io/x'), undefined],
      [field('metadata', 'annotations', 'io.kubernetes.cri-o.Devices'), undefined],
      [field(...pod, 'image'), undefined],
    ] as const) {
      const entry = / have (\S+) added to patchAllowList/.exec(` ${disallowed(touch, { allowList: [] })?.fix}`)?.[1]
      expect(entry).to.equal(offered)
      if (entry !== undefined) expect(disallowed(touch, { allowList: [entry] })).to.equal(undefined)
    }
  })
  it('by default all of them are ones', () => expect(DEFAULT_PATCH_ALLOW_LIST.filter((text) => compilePattern(text) === undefined)).to.deep.equal([]))
})
