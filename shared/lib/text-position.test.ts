import { expect } from 'chai'
import { positionIn } from './text-position.ts'

describe('a place in a text', () => {
  const cases: readonly [string, number, [number, number, number]][] = [
    ['', 0, [0, 1, 1]],
    ['ab', 0, [0, 1, 1]],
    ['ab', 2, [2, 1, 3]],
    ['ab', 3, [2, 1, 3]],
    ['ab', -1, [0, 1, 1]],
    ['a\nb', 1, [1, 1, 2]],
    ['a\nb', 2, [2, 2, 1]],
    ['a\n\nb\n', 5, [5, 4, 1]],
    ['\u{1f600}b', 2, [2, 1, 2]],
  ]
  for (const [text, offset, [at, line, column]] of cases) it(`${JSON.stringify(text)} at ${offset}`, () => expect(positionIn(text, offset)).to.deep.equal({ offset: at, line, column }))
})
