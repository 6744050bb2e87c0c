import { expect } from 'chai'
import { notesOf, releaseProblems } from './check.ts'

const CHANGELOG = '# Changelog\n\n## [Unreleased]\n\n- next\n\n## [1.2.3] - 2026-01-31\n\n### Added\n\n- this\n\n## [1.2.2] - 2026-01-01\n\n## [1.2.1]\n\n- no date\n'
const problems = (tag: string, version = tag.slice(1)): readonly string[] => releaseProblems({ tag, version, changelog: CHANGELOG })

describe('a release', () => {
  it('may be made when tag, programs and changelog agree', () => expect(problems('v1.2.3')).to.deep.equal([]))

  it('is refused under a tag that is no version', () => {
    for (const tag of ['', '1.2.3', 'v1.2', 'v01.2.3', 'v1.2.3+build', 'v1.2.3-', 'v1.2.3-rc..1', 'v1.2.3\nv1.2.3']) expect(problems(tag), tag).to.have.length(1)
    expect(problems('nightly')[0]).to.contain('"nightly" is no version')
  })

  it('is refused with all reasons at once', () => {
    const [first, second, ...more] = problems('v1.3.0-rc.1', '1.2.3')
    expect(first).to.contain('the programs say 1.2.3')
    expect(second).to.contain('"## [1.3.0-rc.1] - YYYY-MM-DD"')
    expect(more).to.deep.equal([])
  })

  it('is refused when nothing is said of it, or no day', () => {
    expect(problems('v1.2.2')).to.deep.equal(['CHANGELOG.md says nothing of 1.2.2: move what was unreleased below its line'])
    expect(problems('v1.2.1')[0]).to.contain('has no line')
  })

  it('has the notes of its own version and of no other', () => expect(notesOf(CHANGELOG, '1.2.3')).to.equal('### Added\n\n- this'))
})
