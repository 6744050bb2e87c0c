import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import { diskFolders, readText } from './disk.ts'
import { NotUtf8 } from './environment.ts'

const failure = async (work: Promise<unknown>): Promise<unknown> => work.then(() => expect.fail('it worked'), (error: unknown) => error)

describe('files of the machine', () => {
  let folder = ''
  const at = (name: string): string => join(folder, name)
  const folders = diskFolders('/')
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kubeskippy-disk-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('are replaced whole, with their mode, and nothing is left beside them', async () => {
    for (const mode of [0o644, 0o600, 0o755]) {
      writeFileSync(at('a.yaml'), 'old')
      chmodSync(at('a.yaml'), mode)
      await folders.replace(at('a.yaml'), 'old', 'new')
      expect({ text: readFileSync(at('a.yaml'), 'utf8'), mode: statSync(at('a.yaml')).mode & 0o777, all: readdirSync(folder) }).to.deep.equal({ text: 'new', mode, all: ['a.yaml'] })
    }
  })

  it('are replaced by a new one: who reads the old one reads it to its end', async () => {
    writeFileSync(at('a.yaml'), 'old')
    const before = statSync(at('a.yaml')).ino
    await folders.replace(at('a.yaml'), 'old', 'new')
    expect(statSync(at('a.yaml')).ino).to.not.equal(before)
  })

  it('behind a link are replaced there, and the link stays', async () => {
    mkdirSync(at('real'))
    writeFileSync(at('real/a.yaml'), 'old')
    symlinkSync('real/a.yaml', at('b.yaml'))
    await folders.replace(at('b.yaml'), 'old', 'new')
    expect({ text: readFileSync(at('real/a.yaml'), 'utf8'), link: lstatSync(at('b.yaml')).isSymbolicLink(), all: readdirSync(at('real')) }).to.deep.equal({ text: 'new', link: true, all: ['a.yaml'] })
  })

  it('are left alone where somebody has changed them meanwhile', async () => {
    writeFileSync(at('a.yaml'), 'theirs')
    expect(await failure(folders.replace(at('a.yaml'), 'old', 'new'))).to.have.property('message', 'somebody has changed it meanwhile')
    expect(readFileSync(at('a.yaml'), 'utf8')).to.equal('theirs')
  })

  it('that are read-only are left alone, by those too who may write everything', async () => {
    writeFileSync(at('a.yaml'), 'old')
    chmodSync(at('a.yaml'), 0o444)
    expect(await failure(folders.replace(at('a.yaml'), 'old', 'new'))).to.have.property('message', 'it is read-only')
    expect({ text: readFileSync(at('a.yaml'), 'utf8'), all: readdirSync(folder) }).to.deep.equal({ text: 'old', all: ['a.yaml'] })
  })

  it('are read as UTF-8 or not at all', async () => {
    const none = Readable.from([])
    const cases: readonly [bytes: Buffer, text: string | undefined][] = [
      [Buffer.from('ä日\u{1F600}'), 'ä日\u{1F600}'],
      [Buffer.from('\ufeffa'), '\ufeffa'],
      [Buffer.from('a\ufffdb'), 'a\ufffdb'],
      [Buffer.alloc(0), ''],
      [Buffer.from([0x61, 0xe4, 0x62]), undefined],
      [Buffer.from([0xed, 0xa0, 0x80]), undefined],
      [Buffer.from('\ufeffkind', 'utf16le'), undefined],
    ]
    for (const [bytes, text] of cases) {
      writeFileSync(at('a'), bytes)
      const read = await readText(at('a'), none).catch((error: unknown) => (error instanceof NotUtf8 ? undefined : expect.fail(String(error))))
      expect(read).to.equal(text)
      expect(await readText('-', Readable.from([bytes])).catch(() => undefined)).to.equal(text)
    }
    expect(await failure(readText(at('a'), none))).to.include({ message: 'it is not UTF-8', guess: 'kind' })
  })

  it('of a folder are files, and folders with a slash: no link to a folder, no pipe, but a link that leads nowhere', async () => {
    mkdirSync(at('sub'))
    writeFileSync(at('a.yaml'), '')
    symlinkSync('a.yaml', at('b.yaml'))
    symlinkSync('.', at('loop.yaml'))
    symlinkSync('nowhere', at('c.yaml'))
    execFileSync('mkfifo', [at('pipe.yaml')])
    expect([...(await folders.list(folder))].sort()).to.deep.equal(['a.yaml', 'b.yaml', 'c.yaml', 'sub/'])
  })

  it('are what they are behind a link, or nothing', async () => {
    mkdirSync(at('sub'))
    writeFileSync(at('a.yaml'), '')
    symlinkSync('sub', at('s'))
    execFileSync('mkfifo', [at('pipe')])
    symlinkSync('pipe', at('p'))
    const kinds = ['sub', 'a.yaml', 's', 'pipe', 'p', 'nothing', 'a.yaml/below'].map((name) => folders.kindOf(at(name)))
    expect(await Promise.all(kinds)).to.deep.equal(['folder', 'file', 'folder', 'other', 'other', undefined, undefined])
    expect(await folders.realPath(at('s/../a.yaml'))).to.equal(await folders.realPath(at('a.yaml')))
    expect(existsSync(at('nothing'))).to.equal(false)
  })

  it('are read from a pipe that the shell has made, since its writer is there', () => {
    const script = `import { diskFolders } from ${JSON.stringify(new URL('disk.ts', import.meta.url).href)}; console.log(await diskFolders('/').kindOf(process.argv[1]))`
    const told = execFileSync('bash', ['-c', `"$0" --input-type=module --eval "$1" <(echo text)`, process.execPath, script], { encoding: 'utf8' })
    expect(told.trim()).to.equal('file')
  })
})
