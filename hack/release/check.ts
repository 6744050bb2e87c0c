/**
 * Whether a tag may be released: it, the package, the programs and the changelog have to say the same.
 *
 *     node hack/release/check.ts v1.2.3      its output: what the changelog says of it
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { VERSION } from '../../shared/lib/version.ts'

const CHANGELOG = join(import.meta.dirname, '../../CHANGELOG.md')

export interface Release {
  /** As git has it. */
  readonly tag: string
  /** Of the programs, and so of the chart and the image. */
  readonly version: string
  /** `CHANGELOG.md` */
  readonly changelog: string
}

/** @see https://semver.org, without build metadata: an image's tag cannot hold it */
const SEMVER = /^v(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/

/** What keeps it from being released, all of it at once; nothing when it may. */
export function releaseProblems({ tag, version, changelog }: Release): readonly string[] {
  if (!SEMVER.test(tag)) return [`the tag ${JSON.stringify(tag)} is no version: write v1.2.3 or v1.2.3-rc.1`]
  const problems: string[] = []
  if (tag !== `v${version}`) problems.push(`the tag is ${tag}, the programs say ${version}: set version in package.json and shared/lib/version.ts, then make generate`)
  const notes = notesOf(changelog, tag.slice(1))
  if (notes === undefined) problems.push(`CHANGELOG.md has no line "## [${tag.slice(1)}] - YYYY-MM-DD": put it below "## [Unreleased]"`)
  else if (notes === '') problems.push(`CHANGELOG.md says nothing of ${tag.slice(1)}: move what was unreleased below its line`)
  return problems
}

/** What the changelog says of a version; undefined when it does not know it. */
export function notesOf(changelog: string, version: string): string | undefined {
  const lines = changelog.split('\n')
  const from = lines.findIndex((line) => line.startsWith(`## [${version}] - `) && /\d{4}-\d{2}-\d{2}$/.test(line))
  if (from < 0) return undefined
  const length = lines.slice(from + 1).findIndex((line) => line.startsWith('## '))
  return lines.slice(from + 1, length < 0 ? undefined : from + 1 + length).join('\n').trim()
}

if (import.meta.main) {
  const [tag = ''] = process.argv.slice(2)
  const changelog = readFileSync(CHANGELOG, 'utf8')
  const problems = releaseProblems({ tag, version: VERSION, changelog })
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
  else console.log(notesOf(changelog, VERSION))
}
