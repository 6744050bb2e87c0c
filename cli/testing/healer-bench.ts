/** The bench of `enable`, `disable` and consent: namespaces, kinds with a scale and without, and the objects that they make. */
import { HEALER_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import { NAMESPACES, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS } from '../../shared/kube/resources.ts'
import { setUpCli, type Bench } from './bench.ts'

export const KEY = { namespace: 'shop', name: HEALER_ACCOUNT }
export const KINDS = [SERVICE_ACCOUNTS, ROLES, ROLE_BINDINGS]

interface HealerBench extends Pick<Bench, 'cluster' | 'run'> {
  /** Which of `KINDS` the namespace has. */
  readonly there: () => boolean[]
}

export function setUp({ healerMay = () => false }: { readonly healerMay?: () => boolean } = {}): HealerBench {
  const { cluster, run } = setUpCli({ may: healerMay })
  for (const name of ['ops', 'till']) cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const paths = { spec: ['spec', 'replicas'], status: ['status', 'replicas'] }
  cluster.definitions.define({ group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout', plural: 'rollouts', namespaced: true }, paths)
  cluster.definitions.define({ group: 'example.com', version: 'v1', kind: 'Cache', plural: 'caches', namespaced: true }, paths)
  cluster.definitions.define({ group: 'example.com', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true })
  const there = (): boolean[] => KINDS.map((kind) => cluster.peek(kind, KEY) !== undefined)
  return { cluster, run, there }
}
