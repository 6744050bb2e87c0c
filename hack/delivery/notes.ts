import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { CONSTRAINED } from './healers.ts'

/** What to do next. */
export const NOTES = `KubeSkippy {{ .Chart.AppVersion }} is installed. It heals nothing yet: that takes a namespace that consents, and a policy.

1. Wait until it runs; until the webhook does, no policy can be written:
     kubectl -n ${OPERATOR_NAMESPACE} rollout status deployment/kubeskippy-webhook deployment/kubeskippy-controller-manager
2. Look at all of it:
     kubeskippy check
{{- if .Values.healers.namespaces }}
3. These namespaces consent: {{ join ", " .Values.healers.namespaces }}.
{{- else }}
3. Let a namespace consent:
     kubeskippy enable -n NAMESPACE       (or healers.namespaces of this chart)
{{- end }}
{{- if .Values.policies.recommended.enabled }}
{{- if not (.Capabilities.APIVersions.Has "kubeskippy.io/v1alpha1/HealingPolicy") }}
4. The recommended policies are NOT there yet: they need the CRDs and a webhook that answers. Once step 1 is done, run the same helm upgrade again.
{{- else }}
4. The recommended policies ({{ .Values.policies.recommended.mode }}) are about what has the label kubeskippy.io/heal: "true", unless policies.recommended.matchLabels says otherwise:
     kubectl get healingpolicies -A
{{- end }}
{{- else }}
4. Write a policy; mode dryrun shows what it would do:
     docs/guide/writing-policies.md, or policies.recommended.enabled of this chart
{{- end }}
{{- if not (${CONSTRAINED}) }}

Without constrained impersonation (Kubernetes {{ .Capabilities.KubeVersion.Version }}, rbac.impersonation {{ .Values.rbac.impersonation }}): in the namespaces of healers.namespaces the controller may do all that their kubeskippy-healer may.
A namespace that consents by kubeskippy enable alone is not healed.
{{- end }}
`
