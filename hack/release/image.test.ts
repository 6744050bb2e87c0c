import { expect } from 'chai'
import { parseImage } from './image.ts'

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`

describe('the image of a release', () => {
  it('is named by its digest', () => {
    for (const repository of ['kubeskippy', 'ghcr.io/acme/kubeskippy', 'registry.example.com:5000/a-b/c_d/kubeskippy', 'localhost:5000/kubeskippy']) {
      expect(parseImage(`${repository}@${DIGEST}`)).to.deep.equal({ repository, digest: DIGEST })
    }
  })

  it('is refused by a tag, without a digest or with half of one, in capitals, and with anything behind it', () => {
    for (const reference of ['', 'kubeskippy', 'kubeskippy:0.1.0', `kubeskippy:0.1.0@${DIGEST}`, 'kubeskippy@sha256:0123', `ghcr.io/Acme/kubeskippy@${DIGEST}`, `kubeskippy@${DIGEST}\n`, `@${DIGEST}`]) {
      expect(() => parseImage(reference), reference).to.throw('write REPOSITORY@sha256:DIGEST')
    }
  })
})
