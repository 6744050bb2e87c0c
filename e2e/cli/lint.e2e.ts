/** `kubeskippy lint` beside a real door: both find the same, and `--server` adds what only the API server knows. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'chai'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { UNCHECKED } from '../../cli/lint/layers.ts'
import { seconds } from '../../shared/lib/time.ts'
import { RULES } from '../../shared/rules/registry.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { exec } from '../cluster/exec.ts'
import { openDoor, type Door } from '../door/door.ts'
import { tokenKubeconfig } from '../installation/files.ts'
import { readByKubectl, readByLint, TEXTS } from './texts.ts'

const SAMPLES = new URL('../../config/samples/', import.meta.url)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const NEEDS: ReadonlySet<string> = new Set(UNCHECKED.filter(({ partly }) => partly !== true).map(({ rule }) => rule))
/** Of these some findings need the server. */
const PARTLY: ReadonlySet<string> = new Set(RULES.flatMap(({ id, partlyNeeds }) => (partlyNeeds === undefined ? [] : [id])))

interface Told {
  readonly rule: string
  readonly level: string
  readonly path: string
  readonly file: string
  readonly line: number
  readonly what: string
}

describe('kubeskippy lint', function () {
  this.timeout(600_000)
  let door: Door
  let folder = ''
  before(async () => {
    door = await openDoor()
    folder = mkdtempSync(join(tmpdir(), 'kubeskippy-lint-'))
    for (const kind of ['valid', 'invalid']) {
      for (const name of readdirSync(new URL(`${kind}/rules/`, SAMPLES))) writeFileSync(join(folder, `${kind}-${name}`), readFileSync(new URL(`${kind}/rules/${name}`, SAMPLES)))
    }
    const namespaces = new Set(readdirSync(folder).flatMap((name) => parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map((document) => (document.toJS() as { metadata: { namespace: string } }).metadata.namespace)))
    for (const namespace of namespaces) await door.kubectl(['create', 'namespace', namespace])
    // Somebody who may write policies in shop, and nothing else.
    const rbac = 'rbac.authorization.k8s.io/v1'
    const objects = [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'author', namespace: 'shop' } },
      { apiVersion: rbac, kind: 'Role', metadata: { name: 'author', namespace: 'shop' }, rules: [{ apiGroups: ['kubeskippy.io'], resources: ['healingpolicies'], verbs: ['get', 'create', 'update'] }] },
      { apiVersion: rbac, kind: 'RoleBinding', metadata: { name: 'author', namespace: 'shop' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'author' }, subjects: [{ kind: 'ServiceAccount', name: 'author', namespace: 'shop' }] },
    ]
    await door.must(['apply', '-f', '-'], { input: objects.map((object) => stringify(object)).join('---\n') })
    const token = await eventually(() => door.must(['create', 'token', 'author', '-n', 'shop', '--duration', '1h']), seconds(60))
    writeFileSync(join(folder, 'author.kubeconfig'), tokenKubeconfig({ ...door.cluster, user: 'author', token: token.trim() }), { mode: 0o600 })
  })
  after(async () => {
    if (folder !== '') rmSync(folder, { recursive: true })
    await door?.stop()
  })

  async function lint(args: readonly string[], kubeconfig = door.cluster.kubeconfig): Promise<{ readonly code: number; readonly told: readonly Told[]; readonly problems: readonly unknown[]; readonly unchecked: readonly unknown[]; readonly err: string }> {
    const { code, stdout, stderr } = await exec(process.execPath, ['cli/main.ts', 'lint', '--format', 'json', ...args], { cwd: ROOT, env: { ...process.env, KUBECONFIG: kubeconfig }, timeout: 240_000 })
    if (stdout === '') throw new Error(stderr)
    const { findings, problems, unchecked } = JSON.parse(stdout) as { findings: Told[]; problems: unknown[]; unchecked: unknown[] }
    return { code, told: findings, problems, unchecked, err: stderr }
  }
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }

  it('reads what kubectl reads, and takes nothing that kubectl does not', async () => {
    const theirs = await readByKubectl(TEXTS, async (args) => (await door.kubectl(['create', ...args])).stdout)
    const [same, stricter, wrong]: [string[], string[], unknown[]] = [[], [], []]
    for (const [index, text] of TEXTS.entries()) {
      const [ours, read] = [readByLint(text), theirs[index]]
      if (isDeepStrictEqual(ours, read)) same.push(text)
      else if (ours === 'unreadable') stricter.push(text)
      else wrong.push({ text, ours, read })
    }
    expect(wrong).to.deep.equal([])
    // Of texts that people write; of what is made up, lines that begin too far to the left.
    expect(stricter.length / TEXTS.length, `${stricter.length} of ${TEXTS.length}`).to.be.below(0.1)
    const both = Object.groupBy(theirs, (read) => (read === 'unreadable' ? 'unreadable' : 'read'))
    expect(both.read?.length).to.be.above(500)
    expect(both.unreadable?.length).to.be.above(300)
  })

  it('finds offline what the door finds, by rule, level, field and line, but for what needs the server', async () => {
    const offline = await lint([folder])
    const server = await lint([folder, '--server'])
    const set = (told: readonly Told[]): string[] => told.filter(({ rule }) => !NEEDS.has(rule)).map(({ rule, level, path, file, line }) => `${file.slice(folder.length + 1)}:${line} ${level} ${rule} ${path}`).sort()
    const found = set(offline.told)
    expect(set(server.told).filter((line) => found.includes(line) || !PARTLY.has(/ (KS[0-9]{3}) /.exec(line)?.[1] ?? ''))).to.deep.equal(found)
    // Of exemptions the file tells, and not who applies it: there the lint says what it takes.
    expect(offline.told.filter(({ rule }) => NEEDS.has(rule)).map(({ rule, level, path }) => `${level} ${rule} ${path}`)).to.deep.equal(Array.from({ length: 2 }, () => 'warning KS506 metadata.annotations[kubeskippy.io/allow]'))
    // Neither would say much if nothing were found.
    expect(new Set(offline.told.map(({ rule }) => rule)).size).to.equal(RULES.filter(({ id }) => !NEEDS.has(id)).length + 1)
    expect({ code: server.code, problems: server.problems, unchecked: server.unchecked, err: server.err }).to.deep.equal({ code: 1, problems: [], unchecked: [], err: '' })
    expect(await door.must(['get', 'healingpolicies', '-A', '-o', 'name'])).to.equal('')
  })

  it('adds what needs the requester, in the words of the door', async () => {
    const { told, code } = await lint([join(folder, 'invalid-ks108.yaml'), '--server'], join(folder, 'author.kubeconfig'))
    expect(code).to.equal(1)
    expect(told.map(({ rule, path }) => `${rule} ${path}`)).to.deep.equal(['KS108 spec.actions[0]'])
    expect(told[0]?.what).to.match(/^you may not .* in namespace "shop"$/)
  })

  it('adds what needs the cluster', async () => {
    const { told } = await lint([join(folder, 'invalid-ks109.yaml'), '--server'])
    expect(told.map(({ rule }) => rule)).to.include('KS109')
  })

  it('warns where nobody may approve, until somebody may, and says when it may not look', async () => {
    const path = write('manual.yaml', readFileSync(join(folder, 'valid-ks101.yaml'), 'utf8').replace('mode: automatic', 'mode: manual'))
    const approvers = async (kubeconfig?: string): Promise<unknown> => {
      const { told, unchecked, code } = await lint([path, '--server'], kubeconfig)
      return { code, told: told.filter(({ rule }) => rule === 'KS405').map((each) => each.path), unchecked }
    }
    expect(await approvers()).to.deep.equal({ code: 0, told: ['spec.mode'], unchecked: [] })
    expect(await approvers(join(folder, 'author.kubeconfig'))).to.deep.include({ told: [], unchecked: [{ rule: 'KS405', needs: 'cluster' }] })
    await door.must(['create', 'role', 'approver', '-n', 'shop', '--verb', 'approve', '--resource', 'healingactions.kubeskippy.io'])
    await door.must(['create', 'rolebinding', 'approver', '-n', 'shop', '--role', 'approver', '--user', 'eve'])
    expect(await approvers()).to.deep.equal({ code: 0, told: [], unchecked: [] })
  })

  it('tells of fields that nobody knows as the API server does', async () => {
    const text = readFileSync(join(folder, 'valid-ks101.yaml'), 'utf8').replace('spec:\n', 'spec:\n  trigers: []\n').replace('metadata:\n', 'metadata:\n  lables: {}\n')
    const path = write('misspelt.yaml', text)
    const [offline, server] = [await lint([path]), await lint([path, '--server'])]
    expect(offline.told.map(({ rule, path: field }) => `${rule} ${field}`)).to.deep.equal(['KS505 metadata.lables', 'KS505 spec.trigers'])
    expect(server.told.filter(({ rule }) => !NEEDS.has(rule))).to.deep.equal(offline.told)
  })

  it('tells what admission policies say of actions', async () => {
    const { metadata, spec } = parse(readFileSync(new URL('valid/healing-action.yaml', SAMPLES), 'utf8')) as { metadata: { name: string }; spec: unknown }
    const path = write('action.yaml', stringify({ apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingAction', metadata: { name: metadata.name, namespace: 'shop' }, spec }))
    const { told, code } = await lint([path, '--server'])
    expect(code).to.equal(1)
    expect(told.map(({ what }) => what).join()).to.match(/only the controller|KS701|denied/i)
  })

  it('has no verdict where the author may not ask', async () => {
    const bank = write('bank.yaml', readFileSync(join(folder, 'valid-ks101.yaml'), 'utf8').replace('namespace: shop', 'namespace: bank'))
    const { code, problems } = await lint([bank, '--server'], join(folder, 'author.kubeconfig'))
    expect(code).to.equal(2)
    expect(JSON.stringify(problems)).to.match(/could not be asked about: .*forbidden/i)
  })

  it('speaks itself while no door is there', async () => {
    await door.must(['delete', 'validatingwebhookconfigurations', '--all'])
    await eventually(async () => {
      const { err, told, unchecked, code } = await lint([join(folder, 'invalid-ks401.yaml'), '--server'])
      expect(err).to.match(/^warning: no webhook of KubeSkippy judges/)
      expect({ code, rules: told.map(({ rule }) => rule) }).to.deep.equal({ code: 1, rules: ['KS401'] })
      expect(unchecked).to.not.deep.equal([])
    }, seconds(90))
  })
})
