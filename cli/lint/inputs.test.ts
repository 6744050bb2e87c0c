/** Which files are read, on the disk: named in several ways, hidden by escapes, unreadable. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { diskFolders, readText } from '../disk.ts'
import { noCluster, setUpCli, type Ran } from '../testing/bench.ts'
import { mentionsUs } from './inputs.ts'
import { CHART } from './testing/files.ts'

const GOOD = CHART.slice(0, CHART.indexOf('---', 4))
const BAD = GOOD.replace('monitor', 'Monitor')

describe('the files of the lint', () => {
  let folder = ''
  const at = (name: string): string => join(folder, name)
  const write = (files: Readonly<Record<string, string | Uint8Array>>): void => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(at(name)), { recursive: true })
      writeFileSync(at(name), text)
    }
  }
  const run = (...words: readonly string[]): Promise<Ran> => setUpCli().run(['lint', ...words].join(' '), { ...noCluster, folders: diskFolders('/'), readFile: (path) => readText(path, Readable.from([])) })
  interface Summary {
    readonly findings: readonly { readonly file: string }[]
    readonly problems: readonly { readonly file: string; readonly what: string }[]
    readonly summary: { readonly files: number; readonly objects: number }
  }
  const told = async (...words: readonly string[]): Promise<Summary & { code: number }> => {
    const { out, code } = await run(...words, '--format', 'json')
    return { ...(JSON.parse(out) as Summary), code }
  }
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'kubeskippy-lint-')))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const ways: readonly [what: string, names: readonly string[]][] = [
    ['several times', ['a/p.yaml', 'a/p.yaml']],
    ['with dots', ['a/p.yaml', 'a/./p.yaml', 'a/../a/p.yaml']],
    ['with slashes', ['a/p.yaml', 'a//p.yaml']],
    ['and its folder', ['a/p.yaml', 'a']],
    ['its folder, and a pattern', ['a', 'a/p.yaml', '**/*.yaml']],
    ['by a link', ['a/p.yaml', 'link.yaml']],
    ['by a link to its folder', ['a', 'folder']],
    ['by a link that it is named by first', ['link.yaml', 'a/p.yaml', '.']],
  ]
  it('does not open a pipe, which nobody may ever write to: standard input is -', async () => {
    write({ 'a/p.yaml': '' })
    execFileSync('mkfifo', [at('pipe.yaml')])
    const { code, problems } = await told(at('pipe.yaml'), at('a/p.yaml'))
    expect({ code, problems }).to.deep.equal({ code: 2, problems: [{ file: at('pipe.yaml'), what: 'it is no regular file: a pipe or a device may never end; pipe into kubeskippy lint - instead' }] })
    expect((await told('/dev/null')).problems).to.have.length(1)
  })

  for (const [what, names] of ways) {
    it(`are read once when named ${what}, and shown as named first`, async () => {
      write({ 'a/p.yaml': BAD })
      symlinkSync('a/p.yaml', at('link.yaml'))
      symlinkSync('a', at('folder'))
      const { findings, summary } = await told(...names.map(at))
      const [first = ''] = names
      expect({ files: findings.map(({ file }) => file), summary }).to.deep.include({ files: [first === 'a' ? at('a/p.yaml') : at(first)] })
      expect(summary).to.include({ files: 1, objects: 1 })
    })
  }

  it('are read once when one of them cannot be read', async () => {
    write({ 'p.yaml': Buffer.from([0xff]) })
    symlinkSync('p.yaml', at('q.yaml'))
    expect((await told(at('p.yaml'), at('q.yaml'))).problems).to.have.length(1)
  })

  it('that go round in a circle are passed over', async () => {
    write({ 'a/p.yaml': GOOD })
    symlinkSync('..', at('a/up'))
    symlinkSync('self.yaml', at('self.yaml'))
    const { summary, problems, code } = await told(folder)
    expect({ files: summary.files, problems: problems.map(({ file }) => file), code }).to.deep.equal({ files: 1, problems: [at('self.yaml')], code: 2 })
  })

  const hidden: readonly [what: string, text: string][] = [
    ['a slash', String.raw`{"apiVersion": "kubeskippy.io\/v1alpha1", "kind": "HealingPolicy"}`],
    ['letters in JSON', String.raw`{"apiVersion": "kube\u0073kippy.io/v1alpha1", "kind": "\u0048ealing\u0050olicy"}`],
    ['letters in YAML', String.raw`{apiVersion: "k\x75b\u0065\U00000073kippy.io/v1alpha1", kind: "Healing\x50olicy"}`],
    ['lines', 'apiVersion: "kube\\\n   skippy.io/v1alpha1"\nkind: "Healing\\\r\n  Policy"\n'],
    ['letters of the kind alone', String.raw`{"kind": "Healing\u0050olicy"}`],
  ]
  for (const [what, text] of hidden) {
    it(`are found in a folder when they hide ${what} behind escapes`, async () => {
      write({ 'p.yaml': text, 'q.json': '{"kind": "Service", "a": "\\u0041\\\\u0042\\/"}' })
      const { summary, code } = await told(folder)
      expect({ ...summary, code }).to.deep.include({ files: 1, objects: 1, code: 1 })
    })
  }

  it('are found however the letters of JSON are written', () => {
    const written = (text: string, choices: readonly number[]): string =>
      Array.from(text, (character, index) => {
        const code = character.charCodeAt(0).toString(16)
        return [character, character, `\\u${code.padStart(4, '0')}`, `\\x${code.padStart(2, '0')}`, `\\U${code.toUpperCase().padStart(8, '0')}`][choices[index % choices.length] ?? 0] ?? character
      }).join('')
    fc.assert(
      fc.property(fc.array(fc.nat(4), { minLength: 1, maxLength: 30 }), fc.constantFrom('', '\\\\', '\\"', '\\n', 'x'), (choices, before) => {
        expect(mentionsUs(`{"a": "${before}", "apiVersion": "${before}", "b": "${written('kubeskippy.io/v1alpha1', choices)}"}`)).to.equal(true)
        expect(mentionsUs(`{"a": "${before}${written('some.body/else', choices)}"}`)).to.equal(false)
      }),
    )
  })

  it('of nobody are passed over, whatever is in them; what is named is not', async () => {
    write({ 'template.yaml': 'a: {{ .Values.b }}\n', 'binary.json': Buffer.from([0, 0xff, 0xfe, 1]), 'empty.yaml': '', 'latin.yaml': Buffer.from('a: \xe4\n', 'latin1') })
    expect(await told(folder)).to.deep.include({ code: 0, problems: [] })
    for (const name of ['template.yaml', 'binary.json', 'latin.yaml']) expect((await told(at(name))).code, name).to.equal(2)
    expect((await told(at('empty.yaml'), '--allow-empty')).code).to.equal(0)
    expect((await told(at('empty.yaml'))).code).to.equal(2)
  })

  it('of ours that are not UTF-8 are no verdict', async () => {
    write({ 'latin.yaml': Buffer.from(GOOD.replace('cart', 'c\xe4rt'), 'latin1'), 'wide.yaml': Buffer.from(`\ufeff${GOOD}`, 'utf16le') })
    const { problems, code } = await told(folder)
    expect({ what: problems.map(({ what }) => what), code }).to.deep.equal({ what: Array(2).fill('it cannot be read: it is not UTF-8'), code: 2 })
  })

  it('are corrected where they are, behind a link too, and only once', async () => {
    write({ 'a/p.yaml': BAD })
    chmodSync(at('a/p.yaml'), 0o640)
    symlinkSync('a/p.yaml', at('link.yaml'))
    const { code, err } = await run(at('link.yaml'), folder, '--fix')
    expect({ code, err }).to.deep.equal({ code: 0, err: `fixed ${at('link.yaml')}: 1 place\n` })
    expect({ text: readFileSync(at('a/p.yaml'), 'utf8'), mode: statSync(at('a/p.yaml')).mode & 0o777 }).to.deep.equal({ text: GOOD, mode: 0o640 })
  })

  it('that cannot be corrected are told, and the others are corrected all the same', async () => {
    write({ 'a.yaml': BAD, 'b.yaml': BAD })
    const folders = diskFolders('/')
    const replace: typeof folders.replace = (path, before, after) => (path === at('a.yaml') ? Promise.reject(new Error('EACCES: permission denied')) : folders.replace(path, before, after))
    const { code, out } = await setUpCli().run(`lint ${at('a.yaml')} ${at('b.yaml')} --fix`, { ...noCluster, folders: { ...folders, replace }, readFile: (path) => readText(path, Readable.from([])) })
    expect(code).to.equal(2)
    expect(out).to.contain(`${at('a.yaml')}: unreadable: it cannot be corrected: EACCES: permission denied`).and.to.contain('error KS001')
    expect([readFileSync(at('a.yaml'), 'utf8'), readFileSync(at('b.yaml'), 'utf8')]).to.deep.equal([BAD, GOOD])
  })

  it('that are read only are not corrected', async () => {
    write({ 'p.yaml': BAD })
    chmodSync(at('p.yaml'), 0o444)
    const { code, out } = await run(at('p.yaml'), '--fix')
    expect({ code, text: readFileSync(at('p.yaml'), 'utf8') }).to.deep.equal({ code: 2, text: BAD })
    expect(out).to.contain(`${at('p.yaml')}: unreadable: it cannot be corrected: it is read-only`)
  })

  it('of ten thousand documents have a verdict on each', async () => {
    const documents = Array.from({ length: 10_000 }, (_, index) => (index % 100 === 99 ? GOOD.replace('name: good', `name: p-${index}`) : `---\nkind: Service\nmetadata: {name: s-${index}}\n`))
    write({ 'p.yaml': documents.join('').replace(/(p-9999[^]*)monitor/, '$1Monitor') })
    const { summary, findings, code } = await told(at('p.yaml'))
    expect({ ...summary, findings: findings.length, code }).to.deep.include({ objects: 100, skipped: 9900, findings: 1, code: 1 })
  }).timeout(60_000)
})
