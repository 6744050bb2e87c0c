import { expect } from 'chai'
import { remembered, rememberedByText } from './remembered.ts'

describe('what is remembered', () => {
  it('of an object is worked out once, undefined too', () => {
    const asked: object[] = []
    const nothing = remembered((key: object): string | undefined => {
      asked.push(key)
      return undefined
    })
    const [a, b] = [{}, {}]
    expect([nothing(a), nothing(b), nothing(a)]).to.deep.equal([undefined, undefined, undefined])
    expect(asked).to.deep.equal([a, b])
  })

  it('of a text is worked out once, until as many others as the limit came after it', () => {
    const asked: string[] = []
    const length = rememberedByText(2, (text) => {
      asked.push(text)
      return text.length
    })
    const answers = ['a', 'bb', 'a', 'ccc', 'bb', 'a', ''].map(length)
    expect(answers).to.deep.equal([1, 2, 1, 3, 2, 1, 0])
    expect(asked).to.deep.equal(['a', 'bb', 'ccc', 'a', ''])
  })

  it('of a text that has no answer is that it has none', () => {
    let asked = 0
    const nothing = rememberedByText(1, () => void asked++)
    nothing('x')
    nothing('x')
    expect(asked).to.equal(1)
  })
})
