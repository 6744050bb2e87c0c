import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { parseAllDocuments } from 'yaml'
import { adviceFor } from '../cli/explain/advice.ts'
import { REFUSAL_REASONS } from '../controller/healing/refusal.ts'
import { isObject } from '../shared/lib/json.ts'
import { judge } from '../shared/rules/judge.ts'
import { DEFAULT_INSTALLATION } from '../shared/rules/rule.ts'
import { ALL_METRICS } from '../shared/runtime/metric-table.ts'
import { readMarkdown, type Markdown } from './markdown.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const files = globSync(['*.md', '{docs,chart,bench,cli,config,e2e,hack,simulation}/**/*.md'], { cwd: root, exclude: ['**/node_modules/**'] }).sort()
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')
const read = new Map<string, Markdown>()
const markdownOf = (file: string): Markdown => {
  const known = read.get(file) ?? readMarkdown(textOf(file))
  read.set(file, known)
  return known
}
const blocks = (file: string, language: string): string[] => markdownOf(file).blocks.flatMap((block) => (block.language === language ? block.text : []))

/** Why a link leads nowhere. Others' pages are not asked: a test needs no network. */
function broken(file: string, link: string): string | undefined {
  if (/^(https?|mailto):/.test(link)) return URL.canParse(link) ? undefined : `${link}: no URL`
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? file : relative(root, join(root, dirname(file), decodeURIComponent(path)))
  if (target.startsWith('..') || !existsSync(join(root, target))) return `${link}: there is no ${target}`
  if (anchor === undefined) return undefined
  if (!target.endsWith('.md')) return `${link}: only Markdown has anchors`
  return markdownOf(target).anchors.has(anchor) ? undefined : `${link}: ${target} has no heading of that name`
}

describe('the documentation', () => {
  for (const file of files) {
    const text = textOf(file)

    it(`${file} leads to files and headings that are there`, () => {
      expect(markdownOf(file).links.flatMap((link) => broken(file, link) ?? [])).to.deep.equal([])
    })

    it(`${file} names make targets that there are`, () => {
      const targets = new Set([...textOf('Makefile').matchAll(/^([a-z-]+):/gm)].map(([, target]) => target))
      const named = [...text.matchAll(/(?:^|`)(?:KEEP=1 )?make ([a-z-]+)/gm)].map(([, target]) => target)
      expect(named.filter((target) => !targets.has(target))).to.deep.equal([])
    })

    for (const [index, value] of blocks(file, 'yaml').flatMap((block) => parseAllDocuments(block).map((document): unknown => document.toJS())).entries()) {
      // The reference of rules shows what is refused too; where its samples are, each is tried.
      if (!isObject(value) || value['kind'] !== 'HealingPolicy' || file === 'docs/reference/rules.md') continue
      it(`${file} shows a policy that is accepted without a warning (object ${index + 1})`, () => {
        expect(judge(value, { installation: DEFAULT_INSTALLATION })).to.deep.equal({ violations: [], warnings: [] })
      })
    }
  }

  it('tells of links that lead nowhere', () => {
    expect(broken('README.md', 'docs/guide/nothing.md')).to.equal('docs/guide/nothing.md: there is no docs/guide/nothing.md')
    expect(broken('docs/guide/lint.md', 'safety.md#nothing')).to.equal('safety.md#nothing: docs/guide/safety.md has no heading of that name')
    expect(broken('README.md', '../elsewhere.md')).to.contain('there is no')
    expect(broken('README.md', 'https://')).to.equal('https://: no URL')
    expect(broken('docs/guide/lint.md', 'safety.md#the-storm-gate')).to.equal(undefined)
  })

  it('shows how to use a cluster as make help does', () => {
    const { stdout } = spawnSync('make', ['help'], { cwd: root, encoding: 'utf8' })
    expect(stdout).to.contain('eval "$(make up)"')
  })

  it('shows nothing in its quick start that no test types', () => {
    expect(markdownOf('docs/guide/quick-start.md').blocks.filter(({ marks }) => !marks.includes('run')).map(({ line }) => line)).to.deep.equal([])
    expect(markdownOf('README.md').blocks.filter(({ marks }) => marks.includes('run'))).to.have.length(1)
  })

  it('leads to every page of the guide from its index', () => {
    const { links } = markdownOf('docs/README.md')
    expect(globSync('docs/guide/*.md', { cwd: root }).filter((file) => !links.some((link) => `docs/${link.split('#')[0]}` === file))).to.deep.equal([])
  })

  it('has policies to show', () => expect(files.flatMap((file) => blocks(file, 'yaml')).filter((block) => block.includes('kind: HealingPolicy'))).to.have.length.greaterThan(2))

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
