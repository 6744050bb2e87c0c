import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { BUGS, type Edit } from './bugs.ts'
import { readCaught } from './caught.ts'
import { planted } from './plant.ts'
import { Control, tryWith, type Caught } from './try.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const caught = readCaught()
/** At the same time: each is a process. */
const LANES = 2

/** Seconds: the server's clock, by which breaches are told, may have been set back by as much. */
const SET_BACK = 130
/** In which much is done. The seed that is written down is of the day on which it was looked for. */
const BUSY: readonly number[] = [3, 1, 2, 11, 19, 4]

/** First no more of the plan than was needed. */
const trialsOf = ({ seed, at }: Caught) => [...(at < 0 ? [] : [{ seed, until: at + SET_BACK }]), ...[seed, ...BUSY].map((one) => ({ seed: one }))]

describe('planted bugs', () => {
  const found = new Map<string, Caught | undefined>()

  before(async function () {
    this.timeout(600_000)
    const left = BUGS.flatMap(({ id }) => (caught[id] === undefined ? [] : [{ id, known: caught[id] }]))
    const control = new Control()
    const lane = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) found.set(next.id, await tryWith(next.id, trialsOf(next.known), { control, wanted: next.known.invariant }))
    }
    try {
      await Promise.all(Array.from({ length: LANES }, lane))
    } finally {
      control.close()
    }
  })

  for (const { id, title } of BUGS) {
    const known = caught[id]
    if (known !== undefined) it(`are caught: ${title} (${known.invariant})`, () => expect(found.get(id)?.invariant).to.equal(known.invariant))
  }

  it('are 40 at least that are caught', () => expect(BUGS.filter(({ id }) => caught[id] !== undefined)).to.have.length.of.at.least(40))

  it('are not caught by a trial that is broken without them as well', async () => {
    const [[id, known] = []] = Object.entries(caught)
    if (id === undefined || known === undefined) throw new RangeError('none is caught')
    const control = { confirm: () => Promise.reject(new Error('broken anyway')) }
    const answer: unknown = await tryWith(id, trialsOf(known).slice(0, 1), { control }).catch((error: unknown) => error)
    expect(String(answer)).to.equal('Error: broken anyway')
  })

  it('fit the sources as they are', () => {
    for (const { edits } of BUGS) {
      for (const file of new Set(edits.map((edit) => edit.file))) {
        const source = readFileSync(join(root, file), 'utf8')
        expect(planted(source, edits.filter((edit) => edit.file === file))).to.not.equal(source)
      }
    }
  })

  it('are refused where the text that they change is gone, or is there twice', () => {
    const edit: Edit = { file: 'x.ts', find: 'a()', replace: 'b()' }
    expect(planted('a() + 1', [edit])).to.equal('b() + 1')
    expect(() => planted('c()', [edit])).to.throw('0 times in x.ts: a()')
    expect(() => planted('a() + a()', [edit])).to.throw('2 times in x.ts')
  })
})
