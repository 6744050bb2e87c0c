import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { judge } from '../../shared/rules/judge.ts'
import { DEFAULT_INSTALLATION } from '../../shared/rules/rule.ts'
import { policyTemplate, TEMPLATE_NAMES, templateText } from './templates.ts'

const scenarios = readFileSync(join(import.meta.dirname, '../../e2e/templates/templates.e2e.ts'), 'utf8')

/** What each of them has to tell before it is applied. */
const CHAPTERS = ['Does', 'Because', 'Never', 'Limits', 'Needs']

describe('the templates of config/policies', () => {
  it('are the twelve of the guide', () => {
    const guide = readFileSync(join(import.meta.dirname, '../../docs/guide/templates.md'), 'utf8')
    expect([...guide.matchAll(/^\| \[([a-z-]+)\]/gm)].map(([, name = '']) => name).sort()).to.deep.equal(TEMPLATE_NAMES)
    expect(TEMPLATE_NAMES).to.have.length(12)
  })

  for (const name of TEMPLATE_NAMES) {
    describe(name, () => {
      const template = policyTemplate(name)
      const text = templateText(name)

      it('has its own name, no namespace, and begins without acting', () => {
        expect(template.metadata).to.deep.equal({ name })
        expect(template.spec.mode).to.be.oneOf(['dryrun', 'monitor'])
      })

      it('tells what happens, what it does and why, what it never does, its limits and its needs', () => {
        const lines = text.split('\n')
        const comment = lines.slice(0, lines.findIndex((line) => !line.startsWith('#')))
        expect(comment[0]).to.match(/^# [A-Z]/)
        expect(comment.flatMap((line) => /^# ([A-Z][a-z]+): /.exec(line)?.[1] ?? [])).to.deep.equal(CHAPTERS)
      })

      it('is taken by the door without a word, also when it acts', () => {
        const { mode } = template.spec
        for (const chosen of mode === 'monitor' ? ['monitor'] : ['monitor', 'dryrun', 'manual', 'automatic']) {
          const applied = { ...template, metadata: { name, namespace: 'shop' }, spec: { ...template.spec, mode: chosen } }
          expect(judge(applied, { installation: DEFAULT_INSTALLATION }), chosen).to.deep.equal({ violations: [], warnings: [] })
        }
      })

      it('says its limits itself where it acts', () => {
        if (template.spec.mode === 'monitor') return
        expect(template.spec['safetyRules']).to.include.all.keys('maxActionsPerHour', 'maxConcurrent', 'healthCheckTimeout', 'stabilizationWindow')
      })

      it('has been tried on a real cluster', () => expect(scenarios).to.include(`  '${name}': `))
    })
  }
})
