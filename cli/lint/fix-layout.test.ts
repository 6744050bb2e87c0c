/** What --fix leaves alone, however a file is laid out: flow, anchors, comments, line ends, several documents, JSON. */
import { expect } from 'chai'
import * as fc from 'fast-check'
import { CST, Document, isCollection, isPair, isScalar, Lexer, parseAllDocuments, visit } from 'yaml'
import { AS_KUBECTL } from '../manifests/kubectl-yaml.ts'
import { NO_CONFIG } from './config.ts'
import { corrections, fixText } from './fix.ts'

/** With mistakes that have one right answer, and some that have none. */
const wrong = (mistakes: readonly boolean[]): unknown => {
  const [a, b, c, d, e, f] = mistakes
  return {
    apiVersion: 'kubeskippy.io/v1alpha1',
    kind: 'HealingPolicy',
    metadata: { name: 'cart', namespace: 'shop', [a === true ? 'lables' : 'labels']: { team: b === true ? 7 : 'seven', '#odd': 'x # y' } },
    spec: {
      mode: c === true ? 'Monitor' : 'monitor',
      selector: { labelSelector: { [d === true ? 'match_labels' : 'matchLabels']: { app: e === true ? true : 'cart', 'a.b/c': 'd: e' } } },
      triggers: [{ name: 'crash-loop', type: 'condition', conditionTrigger: { type: 'CrashLoopBackOff', duration: f === true ? '2 minutes' : '2m', ...(b === true ? { status: true } : {}) } }],
      actions: [{ name: 'new-pod', type: 'restart', [e === true ? 'restartActoin' : 'restartAction']: {} }],
      safetyRules: { maxActionsPerHour: a === true ? '3' : 3, ...(d === true ? { colour: 'blue' } : {}) },
    },
  }
}

type Choice = () => number

/** Each node in a style of its own. */
function laidOut(value: unknown, choice: Choice, json: boolean): string {
  if (json) return JSON.stringify(value, null, [0, 2, '\t'][choice() % 3])
  const document = new Document(value, { version: '1.1' })
  let anchors = 0
  visit(document, (key, node, path) => {
    if (isCollection(node) && path.length > 2 && choice() % 4 === 0) node.flow = true
    if (isScalar(node)) {
      if (key === 'value' && typeof node.value === 'string') node.type = (['PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE', 'BLOCK_LITERAL'] as const)[choice() % 4] ?? 'PLAIN'
      if (key === 'value' && choice() % 6 === 0) node.anchor = `a${(anchors += 1)}`
      if (choice() % 5 === 0) node.comment = [' mode: Monitor', ' "quoted" & *odd', '\tlables'][choice() % 3] ?? ''
      if (choice() % 7 === 0) node.commentBefore = ' before: {match_labels: 1}\n # twice'
    }
    if (isPair(node) && isScalar(node.key) && choice() % 6 === 0) node.key.spaceBefore = true
  })
  return document.toString({ lineWidth: [0, 40, 80][choice() % 3] ?? 0, indent: [2, 4, 7][choice() % 3] ?? 2, flowCollectionPadding: choice() % 2 === 0, indentSeq: choice() % 2 === 0 })
}

const SCALARS = new Set(['scalar', 'single-quoted-scalar', 'double-quoted-scalar'])

/** All that is no scalar: comments, blanks, line ends, signs. */
function layoutOf(text: string): readonly string[] {
  const tokens = [...new Lexer().lex(text)]
  return tokens.filter((token, index) => tokens[index - 1] !== CST.SCALAR && token !== CST.SCALAR && !SCALARS.has(CST.tokenType(token) ?? 'scalar'))
}

const parsed = (text: string): readonly unknown[] => parseAllDocuments(text, AS_KUBECTL).map((document): unknown => document.toJS())

describe('kubeskippy lint --fix, whatever the layout', () => {
  const anyFile = fc
    .tuple(fc.array(fc.tuple(fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), fc.array(fc.nat(1000), { minLength: 40, maxLength: 40 }), fc.boolean()), { minLength: 1, maxLength: 3 }), fc.boolean(), fc.boolean())
    .map(([documents, windows, marked]) => {
      const texts = documents.map(([mistakes, numbers, json]) => {
        let next = 0
        return `${laidOut(wrong(mistakes), () => numbers[next++ % numbers.length] ?? 0, json).trimEnd()}\n`
      })
      const text = texts.join('--- # the next: {mode: Monitor}\n')
      return `${marked ? '\ufeff' : ''}${windows ? text.replaceAll('\n', '\r\n') : text}`
    })

  it('changes scalars alone, the second time nothing, and leaves a file that reads as before but for them', () => {
    let changed = 0
    fc.assert(
      fc.property(anyFile, (text) => {
        const { text: once, fixes } = fixText({ file: 'p.yaml', text }, NO_CONFIG)
        expect(layoutOf(once)).to.deep.equal(layoutOf(text))
        expect(fixText({ file: 'p.yaml', text: once }, NO_CONFIG)).to.deep.equal({ text: once, fixes: 0 })
        expect(parsed(once)).to.have.length(parsed(text).length)
        if (fixes === 0) expect(once).to.equal(text)
        else changed++
      }),
      { numRuns: 200 },
    )
    expect(changed).to.be.above(50)
  }).timeout(120_000)

  it('offers no correction that would leave more to refuse', () => {
    fc.assert(
      fc.property(anyFile, (text) => {
        for (const { start, end, to } of corrections({ file: 'p.yaml', text }, NO_CONFIG)) {
          const after = text.slice(0, start) + to + text.slice(end)
          expect(layoutOf(after)).to.deep.equal(layoutOf(text))
          expect(text.slice(start, end)).to.not.match(/[\r\n#]/)
        }
      }),
      { numRuns: 60 },
    )
  }).timeout(120_000)
})
