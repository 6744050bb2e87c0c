/** Which kubeconfig counts when no flag names one. Pure. */

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Home directory of the user. */
  readonly home: string
  readonly exists: (path: string) => boolean
}

/** As kubectl does, but for one thing: several files in KUBECONFIG are not merged, the first counts. Undefined: the pod's own account. */
export function kubeconfigOfPerson({ env, home, exists }: Surroundings): string | undefined {
  const [named] = (env['KUBECONFIG'] ?? '').split(':').filter((path) => path !== '')
  const standard = `${home}/.kube/config`
  return named ?? (exists(standard) ? standard : undefined)
}

/** A program in a pod is what its account is, whatever else lies about there. */
export const kubeconfigOfProgram = (surroundings: Surroundings): string | undefined =>
  surroundings.env['KUBERNETES_SERVICE_HOST'] === undefined ? kubeconfigOfPerson(surroundings) : undefined
