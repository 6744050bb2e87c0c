import { expect } from 'chai'
import { CONTROLLER_ACCOUNT, OPERATOR_NAMESPACE, WEBHOOK_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import { DEPLOYMENTS } from '../../shared/kube/resources.ts'
import { setUpCli } from '../testing/bench.ts'
import type { Finding } from './finding.ts'

interface Installed {
  readonly image?: string
  readonly labels?: Readonly<Record<string, string>>
}

/** The command line is 1.2.3. */
async function told(controller?: Installed, webhook?: Installed): Promise<readonly string[]> {
  const { cluster, run } = setUpCli()
  for (const [name, installed] of [[CONTROLLER_ACCOUNT, controller], [WEBHOOK_ACCOUNT, webhook]] as const) {
    if (installed === undefined) continue
    const { image, labels = {} } = installed
    const spec = image === undefined ? {} : { spec: { template: { spec: { containers: [{ name: 'main', image }] } } } }
    cluster.seed(DEPLOYMENTS, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: OPERATOR_NAMESPACE, name, labels }, ...spec })
  }
  const { findings } = JSON.parse((await run('check -o json')).out) as { readonly findings: readonly Finding[] }
  return findings.filter(({ check }) => check === 'versions').map(({ result, what }) => `${result}: ${what}`)
}

const SAME = 'ok: the programs and this command line are 1.2.3'
const OTHER = 'warn: the programs are 1.3.0, this command line is 1.2.3: what it finds and writes is that of another version'
const DIGEST = `@sha256:${'a'.repeat(64)}`

describe('versions of the programs', () => {
  const cases: readonly (readonly [what: string, controller: Installed | undefined, webhook: Installed | undefined, says: readonly string[]])[] = [
    ['that are not there', undefined, undefined, []],
    ['of an image without a tag', { image: 'kubeskippy' }, { image: `registry:5000/kubeskippy${DIGEST}` }, []],
    ['of an image whose tag is no version', { image: 'kubeskippy:e2e' }, { image: 'kubeskippy:e2e' }, []],
    ['of no image at all', {}, {}, []],
    ['that are this one', { image: 'kubeskippy:1.2.3' }, { image: 'registry:5000/kubeskippy:v1.2.3' }, [SAME]],
    ['of which one is not there', { image: 'kubeskippy:1.2.3' }, undefined, [SAME]],
    ['by tag and digest', { image: `kubeskippy:1.3.0${DIGEST}` }, { image: `kubeskippy:1.3.0${DIGEST}` }, [OTHER]],
    ['by their charts', { image: `kubeskippy${DIGEST}`, labels: { 'helm.sh/chart': 'kubeskippy-1.3.0' } }, { image: `kubeskippy${DIGEST}`, labels: { 'helm.sh/chart': 'kubeskippy-1.3.0' } }, [OTHER]],
    ['by their labels before their images', { image: 'kubeskippy:1.2.3', labels: { 'app.kubernetes.io/version': '1.3.0' } }, { image: 'kubeskippy:1.3.0' }, [OTHER]],
    ['that are another', { image: 'kubeskippy:1.3.0' }, { image: 'kubeskippy:1.3.0' }, [OTHER]],
    ['that differ', { image: 'kubeskippy:1.3.0' }, { image: 'kubeskippy:1.2.3' }, [`warn: ${CONTROLLER_ACCOUNT} is 1.3.0, ${WEBHOOK_ACCOUNT} is 1.2.3`]],
  ]
  for (const [what, controller, webhook, says] of cases) it(what, async () => expect(await told(controller, webhook)).to.deep.equal(says))
})
