/** `chart/`: nothing in it is written by hand. */
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { isObject } from '../../shared/lib/json.ts'
import { VERSION } from '../../shared/lib/version.ts'
import { CHECK_FUNCTIONS, CHECKS } from '../delivery/checks.ts'
import { CONFIG, CONFIGS_BEFORE, HASH_LENGTH } from '../delivery/configuration.ts'
import { Hole, template } from '../delivery/holes.ts'
import { NOTES } from '../delivery/notes.ts'
import { PARTS, type Part } from '../delivery/product.ts'
import { CERT_MANAGER } from '../delivery/certificates.ts'
import { treeOf, VALUES, standardValues } from '../delivery/values.ts'
import { HEADER, markdownFile, toYaml, yamlFile, type GeneratedFile } from './generator.ts'

export const CHART_FOLDER = 'chart'
const RELEASE = 'kubeskippy'

const COMMENT = `{{- /* ${HEADER} */ -}}\n`

/** Labels that Helm's own charts have, and the annotation that keeps every policy when a release is uninstalled. */
function forHelm(object: unknown): unknown {
  if (!isObject(object) || !isObject(object['metadata'])) throw new Error('no object')
  const { metadata } = object
  const labels = metadata['labels'] instanceof Hole ? metadata['labels'] : { ...(isObject(metadata['labels']) ? metadata['labels'] : {}), 'helm.sh/chart': `${RELEASE}-${VERSION}`, 'app.kubernetes.io/managed-by': 'Helm' }
  const keep = object['kind'] === 'CustomResourceDefinition' ? { annotations: { ...(isObject(metadata['annotations']) ? metadata['annotations'] : {}), 'helm.sh/resource-policy': 'keep' } } : {}
  return { ...object, metadata: { ...metadata, labels, ...keep } }
}

function templateOf({ objects, when, each }: Part): string {
  const begin = [...(when === undefined ? [] : [`{{- if ${when} }}`]), ...(each === undefined ? [] : [`{{- range $namespace := ${each} }}`])]
  const text = objects.map((object) => `---\n${template(forHelm(object))}`).join('')
  return [...begin, text.trimEnd(), ...begin.map(() => '{{- end }}')].join('\n') + '\n'
}

const templates = PARTS.map((part): GeneratedFile => ({ path: `${CHART_FOLDER}/templates/${part.name}`, produce: () => COMMENT + templateOf(part) }))

const FUNCTIONS = `{{- define "kubeskippy.chart" -}}${RELEASE}-${VERSION}{{- end }}

{{- define "kubeskippy.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "kubeskippy.config" -}}
{{- $fixed := dict "webhook" (dict "certificates" (ternary "provided" "own" ${CERT_MANAGER})) -}}
{{- mustMergeOverwrite (deepCopy .Values.config) $fixed | toYaml -}}
{{- end }}

{{- define "kubeskippy.configName" -}}
${CONFIG}-{{ include "kubeskippy.config" . | fromYaml | mustToRawJson | sha256sum | trunc ${HASH_LENGTH} }}
{{- end }}

{{- define "kubeskippy.constrained" -}}
{{- $isNew := semverCompare ">=1.36.0-0" .Capabilities.KubeVersion.Version -}}
{{- if or (eq .Values.rbac.impersonation "constrained") (and (eq .Values.rbac.impersonation "auto") $isNew) -}}true{{- end -}}
{{- end }}

${CHECK_FUNCTIONS}`

const chartYaml = yamlFile(`${CHART_FOLDER}/Chart.yaml`, () => [
  {
    apiVersion: 'v2',
    name: RELEASE,
    description: 'Heals Kubernetes workloads by policy: bounded, durable and verified',
    type: 'application',
    version: VERSION,
    appVersion: VERSION,
    // Admission policies are generally available from it on.
    kubeVersion: '>=1.30.0-0',
    keywords: ['self-healing', 'remediation', 'operator'],
  },
])

const valuesYaml: GeneratedFile = {
  path: `${CHART_FOLDER}/values.yaml`,
  produce: () => `# ${HEADER}\n# What each of them means is in README.md; values.schema.json refuses others.\n${toYaml(standardValues())}`,
}

/** Closed all the way down: a mistaken name is an error, not a value that does nothing. */
function closed(tree: unknown): unknown {
  if (tree instanceof Leaf) return tree.schema
  if (!isObject(tree)) throw new Error('no tree')
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(Object.entries(tree).map(([key, member]) => [key, closed(member)])) }
}

class Leaf {
  readonly schema: Readonly<Record<string, unknown>>
  constructor(schema: Readonly<Record<string, unknown>>) {
    this.schema = schema
  }
}

const schema: GeneratedFile = {
  path: `${CHART_FOLDER}/values.schema.json`,
  produce: () => {
    const root = closed(treeOf(VALUES.map(({ path, doc, schema: own }) => ({ path, leaf: new Leaf({ description: doc, ...own }) }))))
    if (!isObject(root) || !isObject(root['properties'])) throw new Error('no schema')
    // Helm gives every chart this one when it is a part of another.
    const properties = { ...root['properties'], global: { type: 'object' } }
    return `${JSON.stringify({ $schema: 'https://json-schema.org/draft-07/schema#', $comment: HEADER, ...root, properties }, null, 2)}\n`
  },
}

const cell = (text: string): string => text.replaceAll('|', '\\|')
const row = ({ path, standard, doc }: (typeof VALUES)[number]): string => `| \`${path}\` | ${standard === undefined ? '' : `\`${cell(JSON.stringify(standard))}\``} | ${cell(doc)} |`

const readme = markdownFile(`${CHART_FOLDER}/README.md`, () =>
  [
    '# KubeSkippy',
    `\`\`\`sh\nhelm install ${RELEASE} chart --namespace ${OPERATOR_NAMESPACE} --create-namespace \\\n  --set image.repository=registry.example.com/kubeskippy\n\`\`\``,
    'More in [docs/guide/installing.md](../docs/guide/installing.md).',
    '## Values',
    ['| value | default | meaning |', '|---|---|---|', ...VALUES.map(row)].join('\n'),
  ].join('\n\n'),
)

export const chartFiles: readonly GeneratedFile[] = [
  chartYaml,
  valuesYaml,
  schema,
  readme,
  { path: `${CHART_FOLDER}/templates/_functions.tpl`, produce: () => COMMENT + FUNCTIONS },
  { path: `${CHART_FOLDER}/templates/checks.yaml`, produce: () => COMMENT + CHECKS },
  { path: `${CHART_FOLDER}/templates/configs-before.yaml`, produce: () => COMMENT + CONFIGS_BEFORE },
  { path: `${CHART_FOLDER}/templates/NOTES.txt`, produce: () => COMMENT + NOTES },
  ...templates,
]
