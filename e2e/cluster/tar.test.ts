import { expect } from 'chai'
import { execFileSync } from 'node:child_process'
import { imageArchive } from './image.ts'
import { BUSYBOX_IMAGE } from './spec.ts'
import { tar } from './tar.ts'

const list = (archive: Buffer) => execFileSync('tar', ['--list', '--verbose', '--numeric-owner', '--utc', '--file', '-'], { input: archive, encoding: 'utf8' }).trim().split('\n')
const read = (archive: Buffer, path: string) => execFileSync('tar', ['--extract', '--to-stdout', '--file', '-', path], { input: archive })

describe('a tar archive', () => {
  it('is read by the system as it was meant', () => {
    const archive = tar([
      { kind: 'directory', path: 'tmp', mode: 0o1777 },
      { kind: 'file', path: 'tmp/a', mode: 0o640, data: Buffer.from('hello') },
      { kind: 'link', path: 'b', target: 'tmp/a' },
    ])
    expect(list(archive).map((line) => line.replace(/\s+/g, ' '))).to.deep.equal([
      'drwxrwxrwt 0/0 0 1970-01-01 00:00 tmp/',
      '-rw-r----- 0/0 5 1970-01-01 00:00 tmp/a',
      'lrwxrwxrwx 0/0 0 1970-01-01 00:00 b -> tmp/a',
    ])
    expect(read(archive, 'tmp/a').toString()).to.equal('hello')
  })

  it('keeps files of just under, exactly and just over a block', () => {
    for (const size of [0, 511, 512, 513]) {
      const data = Buffer.alloc(size, 'x')
      expect(read(tar([{ kind: 'file', path: 'f', mode: 0o644, data }]), 'f').equals(data), String(size)).to.equal(true)
    }
  })

  it('refuses a path that does not fit', () => {
    const file = (length: number) => () => tar([{ kind: 'link', path: 'p'.repeat(length), target: 't' }])
    expect(file(100)).not.to.throw()
    expect(file(101)).to.throw(RangeError)
  })
})

describe('the demo image', () => {
  const archive = imageArchive(Buffer.from('program'), ['[', 'busybox', 'sh'], 'amd64')

  it('is named, and its layer holds every applet but the program itself as a link', () => {
    const manifest = JSON.parse(read(archive, 'manifest.json').toString()) as { RepoTags: string[] }[]
    expect(manifest[0]?.RepoTags).to.deep.equal([BUSYBOX_IMAGE])
    const layer = list(read(archive, 'layer.tar')).map((line) => line.split(' ').slice(5).join(' ').trim())
    expect(layer.filter((line) => line.includes('bin/'))).to.have.length(4)
    expect(layer.some((line) => line.endsWith('bin/sh -> busybox'))).to.equal(true)
    expect(read(read(archive, 'layer.tar'), 'bin/busybox').toString()).to.equal('program')
  })

  it('is the same for the same program', () => {
    expect(archive.equals(imageArchive(Buffer.from('program'), ['[', 'busybox', 'sh'], 'amd64'))).to.equal(true)
  })
})
