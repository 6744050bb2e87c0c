/** What all objects that are installed have in common. */
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'

export type Manifest = Readonly<Record<string, unknown>> & { readonly kind: string; readonly metadata: Readonly<Record<string, unknown>> }

const COMMON = { 'app.kubernetes.io/name': 'kubeskippy', 'app.kubernetes.io/part-of': 'kubeskippy' } as const
export const meta = (name: string, component?: string) => ({ name, namespace: OPERATOR_NAMESPACE, labels: { ...COMMON, ...(component === undefined ? {} : { 'app.kubernetes.io/component': component }) } })
