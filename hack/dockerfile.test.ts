import { readFileSync } from 'node:fs'
import { expect } from 'chai'

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

describe('the Dockerfile', () => {
  const text = read('Dockerfile')
  const defaultOf = (name: string): string => new RegExp(`^ARG ${name}=(\\S+)$`, 'm').exec(text)?.[1] ?? ''

  it('brings the Node that everything is tested with', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: { node: string } }
    expect(defaultOf('NODE')).to.match(new RegExp(`:${devDependencies.node.replaceAll('.', '\\.')}-`))
  })

  it('has bases that anybody can pull', () => {
    for (const name of ['BASE', 'NODE']) expect(defaultOf(name), name).to.match(/^(?:gcr\.io|docker\.io)\/\S+:\S+$/)
  })

  it('ends as a user that kubelet can tell from root, without a shell', () => {
    const last = text.slice(text.lastIndexOf('\nFROM '))
    expect(last).to.match(/^USER 65532:65532$/m).and.to.match(/^ENTRYPOINT \[/m).and.not.to.match(/^RUN /m)
  })
})
