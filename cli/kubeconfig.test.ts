import { expect } from 'chai'
import { kubeconfigOfPerson, kubeconfigOfProgram, type Surroundings } from './kubeconfig.ts'

const HOME = '/home/ann/.kube/config'
const at = (env: Surroundings['env'], ...files: readonly string[]): Surroundings => ({ env, home: '/home/ann', exists: (path) => files.includes(path) })
const POD = { KUBERNETES_SERVICE_HOST: '10.0.0.1' }

describe('the default kubeconfig', () => {
  const both: readonly (readonly [string, Surroundings, string | undefined])[] = [
    ['is that of KUBECONFIG', at({ KUBECONFIG: '/a' }, HOME), '/a'],
    ['is the first of several', at({ KUBECONFIG: ':/a:/b' }), '/a'],
    ['is that of the home directory, also while KUBECONFIG is empty', at({ KUBECONFIG: '' }, HOME), HOME],
    ['is none where there is none', at({}), undefined],
  ]
  for (const [what, surroundings, expected] of both) {
    it(what, () => expect([kubeconfigOfPerson(surroundings), kubeconfigOfProgram(surroundings)]).to.deep.equal([expected, expected]))
  }

  it('of a program in a pod is none: its service account wins', () => expect(kubeconfigOfProgram(at({ ...POD, KUBECONFIG: '/a' }, HOME))).to.equal(undefined))
  it('of a person in a pod is what they named', () => expect(kubeconfigOfPerson(at({ ...POD, KUBECONFIG: '/a' }))).to.equal('/a'))
})
