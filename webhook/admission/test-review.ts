/** A review as an API server sends it, with overrides of the request. Tests only. */
export const reviewOf = (object: unknown, members: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'u-1',
    kind: { group: 'kubeskippy.io', version: 'v1alpha1', kind: 'HealingPolicy' },
    resource: { group: 'kubeskippy.io', version: 'v1alpha1', resource: 'healingpolicies' },
    operation: 'CREATE',
    namespace: 'shop',
    userInfo: { username: 'alice', groups: ['system:authenticated'] },
    object,
    oldObject: null,
    dryRun: false,
    ...members,
  },
})
