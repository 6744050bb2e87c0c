/**
 * The programs' configuration. Named by what is in it, so that each revision of a Deployment has its own: a pod of the one before, started
 * anew in the middle of an upgrade or because that has failed, must not meet options that it does not know.
 */
import { createHash } from 'node:crypto'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { sortedJson } from '../../shared/lib/json.ts'
import { toYaml } from '../generators/generator.ts'
import { Hole } from './holes.ts'
import { meta, type Manifest } from './manifest.ts'
import { CONFIG_OPTIONS, treeOf } from './values.ts'

export const CONFIG = 'kubeskippy-config'
export const CONFIG_FILE = 'config.yaml'
export const HASH_LENGTH = 10
const COMPONENT = 'config'

/** What an installation with the defaults has. Both programs read it, so that they agree. */
const standard = treeOf([...CONFIG_OPTIONS.filter((spec) => spec.default !== undefined).map(({ key, default: leaf }) => ({ path: key, leaf })), { path: 'webhook.certificates', leaf: 'own' }])
export const STANDARD_NAME = `${CONFIG}-${createHash('sha256').update(sortedJson(standard)).digest('hex').slice(0, HASH_LENGTH)}`

/** Of the data, not of its text, which two writers of YAML write differently. */
export const CONFIG_NAME = 'include "kubeskippy.configName" .'

const base = meta(CONFIG, COMPONENT)
export const configMap: Manifest = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { ...base, name: new Hole('scalar', CONFIG_NAME, STANDARD_NAME) },
  data: { [CONFIG_FILE]: new Hole('text', 'include "kubeskippy.config" .', toYaml(standard).trimEnd()) },
}

/** Helm takes away what a release does not have any more before the new pods are there. Those that pods run by stay for one more upgrade. */
export const CONFIGS_BEFORE = `{{- $used := list }}
{{- range (lookup "apps/v1" "ReplicaSet" "${OPERATOR_NAMESPACE}" "").items }}
{{- if and .spec.replicas (eq (dig "labels" "app.kubernetes.io/name" "" .metadata) "${base.labels['app.kubernetes.io/name']}") }}
{{- range .spec.template.spec.volumes }}
{{- with .configMap }}
{{- if hasPrefix "${CONFIG}" .name }}
{{- $used = append $used .name }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- range uniq $used }}
{{- if ne . (include "kubeskippy.configName" $) }}
{{- with lookup "v1" "ConfigMap" "${OPERATOR_NAMESPACE}" . }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .metadata.name }}
  namespace: ${OPERATOR_NAMESPACE}
  labels:
    {{- toYaml .metadata.labels | nindent 4 }}
data:
  {{- toYaml .data | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}
`
