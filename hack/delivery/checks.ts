/** What the chart refuses: what would be rendered and then not work, and what Helm refuses in words about metadata. */
import { GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { CONTROLLER_ACCOUNT, OPERATOR_NAMESPACE, PROTECTED_NAMESPACES } from '../../shared/api/v1alpha1/names.ts'
import { resources } from '../../shared/api/v1alpha1/resources.ts'
import { requireDuration } from '../../shared/lib/duration.ts'
import { CONSTRAINED } from './healers.ts'
import { CONFIG_OPTIONS } from './values.ts'

const DEFINITIONS = resources.map(({ plural }) => `${plural}.${GROUP}`)
const NO_LIMIT = '87600h'
const OWNER = '"meta.helm.sh/release-name"'

/** All that is wrong is told at once, a line each. */
const BEGIN = '{{- $problems := list }}\n'
const END = `{{- if $problems }}
{{- fail (ternary (first $problems) (printf "%d problems:\\n%s" (len $problems) (join "\\n" $problems)) (eq (len $problems) 1)) }}
{{- end }}
`

/** Where there is no cluster to look at, as for `helm template`, a look finds nothing. */
const AROUND = `{{- if ne .Release.Namespace "${OPERATOR_NAMESPACE}" }}
{{- $problems = append $problems "KubeSkippy has to be installed in the namespace ${OPERATOR_NAMESPACE}: its admission policies know its accounts by that name. Use --namespace ${OPERATOR_NAMESPACE} --create-namespace" }}
{{- end }}
{{- with lookup "rbac.authorization.k8s.io/v1" "ClusterRole" "" "${CONTROLLER_ACCOUNT}" }}
{{- $owner := dig "annotations" ${OWNER} "" .metadata }}
{{- if not $owner }}
{{- $problems = append $problems "KubeSkippy is installed in this cluster already, by other means than Helm, and there can be only one. Stay with them, or remove it first, which keeps policies, actions and ledgers: kubeskippy uninstall" }}
{{- else if ne $owner $.Release.Name }}
{{- $problems = append $problems (printf "KubeSkippy is installed in this cluster already, as the release %s, and there can be only one. Upgrade that one (helm upgrade %s), or remove it first: helm uninstall %s --namespace ${OPERATOR_NAMESPACE}" $owner $owner $owner) }}
{{- end }}
{{- end }}
{{- if .Values.crds.install }}
{{- with lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "${DEFINITIONS[0]}" }}
{{- $isHelms := or $.Release.IsUpgrade (eq (dig "labels" "app.kubernetes.io/managed-by" "" .metadata) "Helm") }}
{{- if or (not $isHelms) (ne (dig "annotations" ${OWNER} "" .metadata) $.Release.Name) }}
{{- $crds := "${DEFINITIONS.join(' ')}" }}
{{- $problems = append $problems (printf "The CRDs of an earlier installation are there still, and do not belong to the release %s. Hand them over with all policies: kubectl label crd %s app.kubernetes.io/managed-by=Helm --overwrite && kubectl annotate crd %s meta.helm.sh/release-name=%s meta.helm.sh/release-namespace=${OPERATOR_NAMESPACE} --overwrite" $.Release.Name $crds $crds $.Release.Name) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and (${CONSTRAINED}) (semverCompare "<1.36.0-0" .Capabilities.KubeVersion.Version) (lookup "v1" "Namespace" "" "kube-system") }}
{{- $problems = append $problems (printf "rbac.impersonation: Kubernetes %s does not know constrained impersonation, so nothing could be healed. Write auto or legacy" .Capabilities.KubeVersion.Version) }}
{{- end }}
`

const HEALERS = `{{- range .Values.healers.namespaces }}
{{- if has . (concat (list ${[...PROTECTED_NAMESPACES, OPERATOR_NAMESPACE].map((name) => `"${name}"`).join(' ')}) $.Values.config.protectedNamespaces) }}
{{- $problems = append $problems (printf "healers.namespaces: %s is protected, so no policy may act there, and an account that may would only be a danger. Leave it out" .) }}
{{- end }}
{{- end }}
{{- if and .Values.policies.recommended.enabled (not .Values.healers.namespaces) }}
{{- $problems = append $problems "policies.recommended.enabled: there is no namespace to put them into. Name some in healers.namespaces" }}
{{- end }}
{{- if and (gt (int64 .Values.controller.replicas) 1) (not .Values.config.controller.leaderElect) }}
{{- $problems = append $problems (printf "controller.replicas: without the lease (config.controller.leaderElect: false) %d controllers would do everything as often. Write 1, or leave the lease on" (int64 .Values.controller.replicas)) }}
{{- end }}
{{- with .Values.certificates.certManager.issuerRef }}
{{- if not .name }}
{{- $problems = append $problems "certificates.certManager.issuerRef: name is missing. Write {kind: ClusterIssuer, name: ...}, or leave it empty" }}
{{- end }}
{{- end }}
`

/** What the programs would refuse at their start, long after Helm has said that all is well. */
const ALERTS = `{{- with .Values.config.alerts }}
{{- if and .bindAddress (not .tokenFile) }}
{{- $problems = append $problems "config.alerts.tokenFile is missing: with config.alerts.bindAddress anybody could say what is broken. Mount a Secret with a token (controller.extraVolumes, controller.extraVolumeMounts) and name its file" }}
{{- end }}
{{- if and (or .tokenFile .tlsCertFile .tlsKeyFile) (not .bindAddress) }}
{{- $problems = append $problems "config.alerts.bindAddress is missing: without it no alerts are received, and the other values say nothing. Write :9093, or leave them out" }}
{{- end }}
{{- if ne (empty .tlsCertFile) (empty .tlsKeyFile) }}
{{- $problems = append $problems "config.alerts.tlsCertFile and config.alerts.tlsKeyFile go together: write both, or neither" }}
{{- end }}
{{- end }}
{{- if and (gt (int64 .Values.config.controller.shards) 1) (not .Values.config.controller.leaderElect) }}
{{- $problems = append $problems "config.controller.shards needs config.controller.leaderElect: a shard is what a lease is held for" }}
{{- end }}
{{- if and (gt (int64 .Values.config.controller.shards) 1) .Values.config.alerts.bindAddress }}
{{- $problems = append $problems "config.controller.shards above 1 and config.alerts.bindAddress exclude each other: an alert would be told to one replica, and its namespace may be the shard of another" }}
{{- end }}
{{- if and .Values.config.metrics.kubelet.caFile .Values.config.metrics.kubelet.insecureSkipVerify }}
{{- $problems = append $problems "config.metrics.kubelet.caFile and config.metrics.kubelet.insecureSkipVerify exclude each other: a certificate is verified, or it is not" }}
{{- end }}
`

/** By whom each is asked from outside of the pod. Metrics that are read on loopback are nobody's but the pod's, which may be what is wanted. */
const ADDRESSES = `{{- $addresses := list (dict "path" "config.healthProbeBindAddress" "address" .Values.config.healthProbeBindAddress "who" "kubelets") (dict "path" "config.metricsBindAddress" "address" .Values.config.metricsBindAddress "who" (ternary "Prometheus" "" .Values.monitoring.serviceMonitor.enabled)) (dict "path" "config.webhook.bindAddress" "address" .Values.config.webhook.bindAddress "who" "API servers") }}
{{- with .Values.config.alerts.bindAddress }}
{{- $addresses = append $addresses (dict "path" "config.alerts.bindAddress" "address" . "who" "Alertmanager") }}
{{- end }}
{{- $ports := dict }}
{{- range $addresses }}
{{- $path := .path }}
{{- $port := regexFind "[0-9]+$" .address }}
{{- $host := regexReplaceAll ":[0-9]+$" .address "" }}
{{- if eq (int $port) 0 }}
{{- $problems = append $problems (printf "%s: %s is any port that is free, and nothing around the pods could name it. Write a number" .path .address) }}
{{- else }}
{{- with get $ports $port }}
{{- /* These two are in different pods. */ -}}
{{- if not (and (eq . "config.webhook.bindAddress") (eq $path "config.alerts.bindAddress")) }}
{{- $problems = append $problems (printf "%s and %s: only one of them can listen on port %s. Write another one" . $path $port) }}
{{- end }}
{{- end }}
{{- $_ := set $ports $port .path }}
{{- end }}
{{- if not (has $host (list "" "0.0.0.0" "[::]")) }}
{{- $isLoopback := or (has $host (list "localhost" "[::1]")) (hasPrefix "127." $host) }}
{{- if .who }}
{{- $problems = append $problems (printf "%s: %s is one address alone, and who asks there (%s) comes to that of the pod, which nobody knows before. Write :%s" .path .address .who $port) }}
{{- else if not $isLoopback }}
{{- $problems = append $problems (printf "%s: %s is no address that each pod has. Write :%s" .path .address $port) }}
{{- end }}
{{- end }}
{{- end }}
`

interface Bounded {
  /** Both as expressions of a template. */
  readonly path: string
  readonly value: string
  readonly min: string
  readonly max: string
}

const milliseconds = (text: string): number => requireDuration('bound', text)
const inBounds = ({ path, value, min, max }: Bounded): string => `(dict "path" ${path} "value" ${value} "min" "${min}" "max" "${max}" "least" ${milliseconds(min)} "most" ${milliseconds(max)})`
/** Within a range over these. */
const OUT_OF_BOUNDS = `{{- $span := include "kubeskippy.milliseconds" .value | float64 }}
{{- if or (lt $span (float64 .least)) (gt $span (float64 .most)) }}
{{- $problems = append $problems (printf "%s: %s is not between %s and %s" .path .value .min .max) }}
{{- end }}
`

/** The schema knows how a duration is written, not how long it is. */
const bounded = CONFIG_OPTIONS.flatMap((spec) => (spec.type === 'duration' ? [{ path: `"config.${spec.key}"`, value: `$.Values.config.${spec.key}`, min: spec.min ?? '0s', max: spec.max ?? NO_LIMIT }] : []))
const DURATIONS = `{{- range list ${bounded.map(inBounds).join(' ')} }}
${OUT_OF_BOUNDS}{{- end }}
`

const sourceDurations = CONFIG_OPTIONS.flatMap((spec) => (spec.type === 'records' ? spec.fields : [])).flatMap(({ name, type, min = '0s', max = NO_LIMIT }) => (type === 'duration' ? [{ name, min, max }] : []))

const SOURCES = `{{- $names := list }}
{{- range $index, $source := .Values.config.prometheus.sources }}
{{- $path := printf "config.prometheus.sources[%d]" $index }}
{{- if has .name $names }}
{{- $problems = append $problems (printf "%s.name: %q is there twice. Triggers would not know which: write another one" $path .name) }}
{{- end }}
{{- $names = append $names .name }}
{{- if and .tokenFile .username }}
{{- $problems = append $problems (printf "%s: tokenFile and username exclude each other. Leave one out" $path) }}
{{- end }}
{{- if ne (empty .username) (empty .passwordFile) }}
{{- $problems = append $problems (printf "%s: username and passwordFile belong together. Write both, or neither" $path) }}
{{- end }}
{{- if and .caFile (hasPrefix "http:" .url) }}
{{- $problems = append $problems (printf "%s: caFile needs an https url" $path) }}
{{- end }}
{{- range list ${sourceDurations.map(({ name, min, max }) => inBounds({ path: `(printf "%s.${name}" $path)`, value: `(default "${min}" $source.${name})`, min, max })).join(' ')} }}
${OUT_OF_BOUNDS}{{- end }}
{{- end }}
`

/** Named templates that they use. */
export const CHECK_FUNCTIONS = `{{- define "kubeskippy.milliseconds" -}}
{{- $total := 0.0 -}}
{{- range regexFindAll "[0-9.]+(ms|s|m|h)" . -1 -}}
{{- $unit := get (dict "ms" 1.0 "s" 1000.0 "m" 60000.0 "h" 3600000.0) (regexFind "[a-z]+$" .) -}}
{{- $total = addf $total (mulf (regexFind "^[0-9.]+" . | float64) $unit) -}}
{{- end -}}
{{- $total -}}
{{- end }}
`

export const CHECKS = [BEGIN, AROUND, HEALERS, ALERTS, ADDRESSES, SOURCES, DURATIONS, END].join('')
