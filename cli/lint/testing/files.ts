/** Files of every sort of trouble, for the golden reports. */

/** Two documents of Helm, the second wrong in each layer that can be seen at once, and a Service between them. */
export const CHART = `---
# Source: shop/templates/good.yaml
apiVersion: kubeskippy.io/v1alpha1
kind: HealingPolicy
metadata:
  name: good
  namespace: shop
spec:
  mode: monitor
  selector:
    labelSelector:
      matchLabels: {app: cart}
  triggers:
  - name: crash-loop
    type: condition
    conditionTrigger: {type: CrashLoopBackOff, duration: 2m}
  actions:
  - name: new-pod
    type: restart
    restartAction: {}
---
# Source: shop/templates/service.yaml
apiVersion: v1
kind: Service
metadata: {name: cart}
---
# Source: shop/templates/bad.yaml
apiVersion: kubeskippy.io/v1alpha1
kind: HealingPolicy
metadata:
  name: bad
  namespace: shop
spec:
  mode: monitor
  mode: monitor
  selector:
    labelSelector:
      matchLabels: {app: till}
  triggers:
  - name: crash-loop
    type: condition
    conditionTrigger: {type: CrashLoopBackOff, duration: 2m}
  actions:
  - name: new-pod
    type: restart
    restartAction: {}
  safetyRules:
    maxActionsPerHour: 100
    cooldwon: 5m
`

/** The schema refuses it. Lines of Windows, and a letter beyond the first plane before the place. */
export const SHAPELESS = [
  'apiVersion: kubeskippy.io/v1alpha1',
  'kind: HealingPolicy',
  'metadata: {name: shapeless, labels: {"note": "\u{1F600}", bad: 1}}',
  'spec:',
  '  mode: Automatic',
  '  selector: {labelSelector: {matchLabels: {version: 1}}}',
  '  triggers: []',
  '',
].join('\r\n')

export const BROKEN = 'a: 1\nb: {{ .Values.b }}\n'

export const FILES: Readonly<Record<string, string>> = { 'chart.yaml': CHART, 'more/shapeless.yml': SHAPELESS, 'more/template.yaml': `# HealingPolicy\n${BROKEN}`, 'more/other.json': '{"kind": "Service"}', 'more/readme.md': 'HealingPolicy' }
