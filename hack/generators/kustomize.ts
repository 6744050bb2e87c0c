/** `config/`: what the chart installs with its defaults, for `kubectl apply -k`. */
import { GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { resources } from '../../shared/api/v1alpha1/resources.ts'
import { filled } from '../delivery/holes.ts'
import { PARTS } from '../delivery/product.ts'
import { yamlFile, type GeneratedFile } from './generator.ts'

const manager: readonly GeneratedFile[] = PARTS.flatMap(({ base, objects }) => (base?.startsWith('config/') === true ? [yamlFile(base, () => objects.map(filled))] : []))

/** Relative to `config/`. What is optional there is for each installation to add. */
const listed = (): readonly string[] => [
  ...resources.map(({ plural }) => `crd/bases/${GROUP}_${plural}.yaml`),
  ...['controller', 'namespace-admins', 'people', 'webhook'].map((name) => `rbac/${name}.yaml`),
  ...manager.map(({ path }) => path.slice('config/'.length)),
  'webhook/admission-policies.yaml',
  'webhook/manifests.yaml',
]

/** Helm has another word there: the API server refuses to apply one installation over the other (a conflict of field managers). */
const MANAGED = { 'app.kubernetes.io/managed-by': 'kustomize' }

export const kustomizeFiles: readonly GeneratedFile[] = [
  ...manager,
  yamlFile('config/kustomization.yaml', () => [{ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', labels: [{ pairs: MANAGED }], resources: listed() }]),
]
