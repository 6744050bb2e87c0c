import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import { HEADER, markdownFile, toYaml, yamlFile } from './generator.ts'
import { generatedFiles, generatedFolders } from './index.ts'
import { compareGenerated, writeGenerated } from './write.ts'

const a = { path: 'out/a.txt', produce: () => 'a\n' }
const b = { path: 'out/deep/b.txt', produce: () => 'b\n' }

describe('generating', () => {
  let root: string
  beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'generate-'))))
  afterEach(() => rm(root, { recursive: true }))

  const drift = async (files = [a, b]): Promise<string[]> => (await compareGenerated(root, files, ['out'])).map(({ path, why }) => `${path} ${why}`)
  const generate = async (files = [a, b]): Promise<void> => writeGenerated(root, await compareGenerated(root, files, ['out']))

  it('lists what is missing', async () => expect(await drift()).to.deep.equal(['out/a.txt missing', 'out/deep/b.txt missing']))

  it('writes it, and then nothing differs', async () => {
    await generate()
    expect(await readFile(join(root, 'out/deep/b.txt'), 'utf8')).to.equal('b\n')
    expect(await drift()).to.deep.equal([])
  })

  it('lists and repairs a file that was changed by hand', async () => {
    await generate()
    await writeFile(join(root, 'out/a.txt'), 'a \n')
    expect(await drift()).to.deep.equal(['out/a.txt differs'])
    await generate()
    expect(await drift()).to.deep.equal([])
  })

  it('lists and removes a file that nothing generates any more', async () => {
    await generate()
    expect(await drift([a])).to.deep.equal(['out/deep/b.txt stale'])
    await generate([a])
    expect(await readdir(join(root, 'out/deep'))).to.deep.equal([])
  })

  it('refuses two generators of one file', async () => {
    const error = await compareGenerated(root, [a, a], []).catch((reason: unknown) => reason)
    expect(String(error)).to.contain('out/a.txt has two generators')
  })
})

describe('generated text', () => {
  it('says that it is generated', () => {
    expect(yamlFile('x', () => [{ a: 1 }]).produce()).to.equal(`# ${HEADER}\na: 1\n`)
    expect(markdownFile('x', () => '# A\n').produce()).to.equal(`<!-- ${HEADER} -->\n\n# A\n`)
  })

  it('separates documents', () => expect(yamlFile('x', () => [{ a: 1 }, { b: 2 }]).produce()).to.contain('a: 1\n---\nb: 2\n'))

  it('reads the same in YAML 1.1 and 1.2', () => {
    const value = { y: 'on', no: 'off', True: 'true', sexagesimal: '1:30', octal: '017', date: '2030-01-01', empty: '', nothing: 'null', tilde: '~', number: '1_000', long: 'x '.repeat(200), lines: 'a\nb' }
    expect(parse(toYaml(value), { version: '1.1' })).to.deep.equal(value)
    expect(parse(toYaml(value), { version: '1.2' })).to.deep.equal(value)
  })

  it('has no anchors, which reviewers cannot follow', () => {
    const shared = { a: 1 }
    expect(toYaml({ b: shared, c: shared })).to.equal('b:\n  a: 1\nc:\n  a: 1\n')
  })

  it('is the same each time, and lies in a folder of its own where it can', () => {
    for (const file of generatedFiles) {
      expect(file.produce(), file.path).to.equal(file.produce())
      expect(file.produce(), file.path).to.contain(HEADER)
    }
    expect(generatedFolders).to.include.members(['config/crd/bases', 'docs/reference'])
  })
})
