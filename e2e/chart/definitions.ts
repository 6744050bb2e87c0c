/** The kinds of cert-manager and Prometheus Operator as they define them, out of their own modules; go.sum vouches for them. */
import { join } from 'node:path'
import { must } from '../cluster/exec.ts'
import { callerEnv } from '../cluster/paths.ts'

const WANTED: Readonly<Record<string, readonly string[]>> = {
  'github.com/cert-manager/cert-manager': ['deploy/crds/cert-manager.io_certificates.yaml', 'deploy/crds/cert-manager.io_issuers.yaml'],
  'github.com/prometheus-operator/prometheus-operator': ['example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml', 'example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml'],
}

/** Files for `kubectl apply --server-side`. */
export async function definitionFiles(): Promise<readonly string[]> {
  const lists = Object.entries(WANTED).map(async ([module, files]) => {
    const text = await must('go', ['mod', 'download', '-json', module], { cwd: join(import.meta.dirname, 'definitions'), env: { ...callerEnv(), GOWORK: 'off', GOFLAGS: '' } })
    const { Dir } = JSON.parse(text) as { readonly Dir: string }
    return files.map((file) => join(Dir, file))
  })
  return (await Promise.all(lists)).flat()
}
