import { expect } from 'chai'
import { noCluster, setUpCli } from './testing/bench.ts'

const FORMATS = 'must be one of text, json, sarif, junit, github'

describe('wrong flags', () => {
  const cases: readonly (readonly [line: string, says: readonly string[]])[] = [
    ['lint --formt json --nope', ['unknown flag "--formt", did you mean --format?', 'unknown flag "--nope"']],
    ['lint --fail-on bad --format jsn', ['--fail-on: must be one of error, warning, not "bad"', `--format: ${FORMATS}, not "jsn"; did you mean json?`]],
    ['lint --format=x -o', [`--format: ${FORMATS}, not "x"`, '--output needs a value']],
    ['top -n Shop -o xml --onec', ['unknown flag "--onec", did you mean --once?', '--namespace: "Shop" is no name of a namespace.', '--output: must be one of table, json, yaml, not "xml"; did you mean yaml?']],
    ['top -nShop -Ao xml', ['--namespace: "Shop" is no name of a namespace.', '--output: must be one of table, json, yaml, not "xml"; did you mean yaml?']],
    ['top --once=yes -x', ['unknown flag "-x"', '--once takes no value']],
    ['enable -n Shop -n Till -n shop', ['--namespace: "Shop" is no name of a namespace.', '--namespace: "Till" is no name of a namespace.']],
    ['certs show -n Shop --kubconfig a', ['unknown flag "--kubconfig", did you mean --kubeconfig?', '--namespace: "Shop" is no name of a namespace.']],
    ['explain', ['"name" is missing, a HealingPolicy, or a HealingAction: kubeskippy explain NAME | hp/NAME | ha/NAME [options]']],
    ['completion', ['"shell" is missing, one of bash, zsh, fish, kubectl: kubeskippy completion [options] <shell>']],
    ['simulate -o xml', ['--output: must be one of table, json, yaml, not "xml"; did you mean yaml?', '"file" is missing, YAML or JSON with one policy or several; - is standard input: kubeskippy simulate FILE [options]']],
    ['top --nope --nope', ['unknown flag "--nope"']],
  ]
  for (const [line, says] of cases) {
    it(`are all named of: ${line}`, async () => {
      expect(await setUpCli().run(line, noCluster)).to.deep.equal({ code: 2, out: '', err: says.map((each) => `error: ${each}\n`).join('') })
    })
  }

  for (const line of ['lint --nope --help', 'top --help', 'lint --version', 'help top']) {
    it(`keep nobody from: ${line}`, async () => expect(await setUpCli().run(line, noCluster)).to.include({ code: 0, err: '' }))
  }

  it('are none behind --, and none that are values', async () => {
    for (const line of ['explain -- --nope', 'pause cart --reason --nope']) expect((await setUpCli().run(line)).code, line).to.equal(1)
  })
})
