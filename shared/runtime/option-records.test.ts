import { expect } from 'chai'
import { ConfigError } from '../lib/errors.ts'
import { seconds } from '../lib/time.ts'
import { optionHelp } from './option-help.ts'
import { parseOptions, type OptionSpec } from './options.ts'

const SPECS = [
  {
    key: 'store.shelves',
    flag: 'shelf',
    type: 'records',
    default: [],
    unique: 'name',
    most: 3,
    check: ({ open, words }) => (open === true && words === undefined ? 'open needs words' : undefined),
    doc: 'Where things are.',
    fields: [
      { name: 'name', type: 'string', required: true, pattern: /^[a-z]+$/, format: 'a word', doc: 'what it is called' },
      { name: 'address', type: 'string', pattern: /^[^@]+$/, holds: (text) => text !== 'nowhere', format: 'an address without a password', hidden: true, doc: 'where it is' },
      { name: 'wait', type: 'duration', default: '10s', min: '1s', max: '1m', doc: 'how long' },
      { name: 'open', type: 'boolean', default: 'false', doc: 'whether' },
      { name: 'words', type: 'list', pattern: /^[a-z]+$/, format: 'a word', doc: 'which' },
    ],
  },
] as const satisfies readonly OptionSpec[]

const problemsOf = (argv: readonly string[], config?: unknown): readonly string[] => {
  try {
    parseOptions(SPECS, argv, config)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describe('options that are lists of records', () => {
  it('none is given', () => expect(parseOptions(SPECS, [])['store.shelves']).to.deep.equal([]))
  it('a flag is one record, and may be repeated', () => {
    const shelves = parseOptions(SPECS, ['--shelf=name=a,address=b=c', '--shelf', 'name=b, wait=5s, open=true, words=x'])['store.shelves']
    expect(shelves).to.deep.equal([
      { name: 'a', address: 'b=c', wait: seconds(10), open: false },
      { name: 'b', wait: seconds(5), open: true, words: ['x'] },
    ])
  })
  it('the file has a list of objects', () => {
    const shelves = parseOptions(SPECS, [], { store: { shelves: [{ name: 'a', words: ['x', 'y'], open: true }] } })['store.shelves']
    expect(shelves).to.deep.equal([{ name: 'a', wait: seconds(10), open: true, words: ['x', 'y'] }])
  })
  it('flags win over the file', () => {
    expect(parseOptions(SPECS, ['--shelf=name=b'], { store: { shelves: [{ name: 'a' }] } })['store.shelves'].map(({ name }) => name)).to.deep.equal(['b'])
  })

  const wrong: readonly [string, readonly unknown[] | string, string][] = [
    ['no list', 'name=a', 'store.shelves: must be a list'],
    ['an item that is no object', [5], 'store.shelves: [0] must be an object of name, address, wait, open, words'],
    ['a missing field', [{}], 'store.shelves: [0]: name is missing'],
    ['an unknown field', [{ name: 'a', adress: 'x' }], 'store.shelves: [0]: unknown field "adress", did you mean address?'],
    ['a value that does not fit', [{ name: 'A' }], 'store.shelves: [0].name: "A" is not a word'],
    ['one more than the most', ['a', 'b', 'c', 'd'].map((name) => ({ name })), 'store.shelves: 4 are too many: 3 at most'],
    ['a name twice', [{ name: 'a' }, { name: 'a' }], 'store.shelves: name "a" is there twice'],
    ['just below the least', [{ name: 'a', wait: '999ms' }], 'store.shelves: [0].wait: must be 1s or more'],
    ['just above the most', [{ name: 'a', wait: '60001ms' }], 'store.shelves: [0].wait: must be 1m or less'],
    ['no duration', [{ name: 'a', wait: 5 }], 'store.shelves: [0].wait: must be a duration such as 30s or 1h30m'],
    ['what does not hold', [{ name: 'a', address: 'nowhere' }], 'store.shelves: [0].address: it is not an address without a password'],
    ['fields that do not go together', [{ name: 'a', open: true }], 'store.shelves: [0]: open needs words'],
    ['neither true nor false', [{ name: 'a', open: 'maybe' }], 'store.shelves: [0].open: must be true or false'],
    ['a list of something else', [{ name: 'a', words: [1] }], 'store.shelves: [0].words: must be a list of strings'],
    ['an item of a list that does not fit', [{ name: 'a', words: ['x', 'Y'] }], 'store.shelves: [0].words: "Y" is not a word'],
    ['a number for a string', [{ name: 5 }], 'store.shelves: [0].name: must be a string'],
  ]
  for (const [title, shelves, problem] of wrong) it(`${title} is refused`, () => expect(problemsOf([], { store: { shelves } })).to.deep.equal([problem]))
  it('the least and the most pass', () => expect(problemsOf(['--shelf=name=a,wait=1s', '--shelf=name=b,wait=1m'])).to.deep.equal([]))
  it('a hidden value is not repeated', () => {
    const [problem = ''] = problemsOf(['--shelf=name=a,address=me:secret@there'])
    expect(problem).to.equal('--shelf: [0].address: it is not an address without a password')
  })
  it('all problems come at once', () => expect(problemsOf(['--shelf=wait=1h,opne=true'])[0]).to.contain('unknown field').and.to.contain('name is missing').and.to.contain('1m or less'))
  it('the help text tells the fields', () => expect(optionHelp('x', SPECS)).to.contain('--shelf FIELD=VALUE,...').and.to.contain('wait: how long'))
})
