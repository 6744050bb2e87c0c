import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { parseAllDocuments } from 'yaml'
import { adviceFor } from '../cli/explain/advice.ts'
import { REFUSAL_REASONS } from '../controller/healing/refusal.ts'
import { isObject } from '../shared/lib/json.ts'
import { judge } from '../shared/rules/judge.ts'
import { DEFAULT_INSTALLATION } from '../shared/rules/rule.ts'
import { ALL_METRICS } from '../shared/runtime/metric-table.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const files = globSync(['*.md', 'docs/{guide,design,runbooks}/*.md', 'bench/*.md', 'e2e/**/*.md'], { cwd: root }).sort()
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')
const blocks = (text: string, language: string): string[] => [...text.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(([, block = '']) => block)

describe('the documentation', () => {
  for (const file of files) {
    const text = textOf(file)

    it(`${file} leads to files that are there`, () => {
      const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link)
      expect(links.filter((link) => !existsSync(join(root, dirname(file), link)))).to.deep.equal([])
    })

    it(`${file} names make targets that there are`, () => {
      const targets = new Set([...textOf('Makefile').matchAll(/^([a-z-]+):/gm)].map(([, target]) => target))
      const named = [...text.matchAll(/(?:^|`)(?:KEEP=1 )?make ([a-z-]+)/gm)].map(([, target]) => target)
      expect(named.filter((target) => !targets.has(target))).to.deep.equal([])
    })

    for (const [index, value] of blocks(text, 'yaml').flatMap((block) => parseAllDocuments(block).map((document): unknown => document.toJS())).entries()) {
      if (!isObject(value) || value['kind'] !== 'HealingPolicy') continue
      it(`${file} shows a policy that is accepted without a warning (object ${index + 1})`, () => {
        expect(judge(value, { installation: DEFAULT_INSTALLATION })).to.deep.equal({ violations: [], warnings: [] })
      })
    }
  }

  it('shows how to use a cluster as make help does', () => {
    const { stdout } = spawnSync('make', ['help'], { cwd: root, encoding: 'utf8' })
    expect(stdout).to.contain('eval "$(make up)"')
  })

  it('has policies to show', () => expect(files.flatMap((file) => blocks(textOf(file), 'yaml')).filter((block) => block.includes('kind: HealingPolicy'))).to.have.length.greaterThan(2))

  it('names metrics that there are', () => {
    const names = new Set(ALL_METRICS.map(({ name }) => name))
    const named = new Set(files.flatMap((file) => [...textOf(file).matchAll(/kubeskippy_[a-z_]+/g)].map(([name]) => name)))
    expect([...named].filter((name) => !names.has(name) && !names.has(name.replace(/_(bucket|sum|count)$/, '')))).to.deep.equal([])
  })

  it('names reasons that there are', () => {
    const table = textOf('docs/guide/writing-policies.md').split('## Why did nothing happen?')[1] ?? ''
    const named = table.split('\n').flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([A-Za-z]+)`/g)].map(([, reason]) => reason))
    expect(named).to.have.length.greaterThan(10)
    expect(named.filter((reason) => !(REFUSAL_REASONS as readonly (string | undefined)[]).includes(reason))).to.deep.equal([])
  })

  it('names reasons for trouble that kubeskippy explain has advice for', () => {
    const rows = textOf('docs/guide/troubleshooting.md').split('\n').filter((line) => line.startsWith('|'))
    const named = rows.flatMap((line) => [...(line.split('|')[3] ?? '').matchAll(/`([A-Z][A-Za-z]+)`/g)].map(([, reason]) => reason))
    expect(new Set(named)).to.include.all.keys('NoData', 'LedgerUnreadable', 'StatusUnreadable', 'TargetGone', 'TargetChanged', 'Protected')
    expect(named.filter((reason) => adviceFor(reason, { name: 'heal' }) === undefined)).to.deep.equal([])
  })
})
