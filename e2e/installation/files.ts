/** What is applied, in this order, and the kubeconfigs of the two programs. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { healerObjects } from '../../cli/healer.ts'
import { webhookConfigurations } from '../../webhook/manifests.ts'

const CONFIG = join(import.meta.dirname, '../../config')

const documents = (folder: string, wanted: (file: string) => boolean = () => true): string[] =>
  readdirSync(join(CONFIG, folder)).filter((file) => file.endsWith('.yaml') && wanted(file)).sort().map((file) => readFileSync(join(CONFIG, folder, file), 'utf8'))

const toYaml = (objects: readonly unknown[]): string[] => objects.map((object) => stringify(object, { version: '1.1' }))

/**
 * One text for `kubectl apply -f -`. The door is dialled at its URL: it runs beside the cluster, not in it.
 * @param webhookUrl undefined: no configurations that lead to a door
 */
export function installationManifests(webhookUrl: string | undefined): string {
  return [
    ...documents('crd/bases'),
    // The controller's comes first and begins with the namespace.
    ...documents('rbac'),
    ...documents('webhook', (file) => file !== 'manifests.yaml'),
    ...(webhookUrl === undefined ? [] : toYaml(webhookConfigurations({ kind: 'url', url: webhookUrl }))),
  ].join('\n---\n')
}

/** The same without what holds policies, actions and ledgers. */
export const removableManifests = (webhookUrl: string): string =>
  installationManifests(webhookUrl).split('\n---\n').filter((document) => !/^kind: (CustomResourceDefinition|Namespace)$/m.test(document)).join('\n---\n')

/** A namespace's consent to being healed. */
export const healerManifests = (namespace: string): string => toYaml(healerObjects(namespace).map(({ manifest }) => manifest)).join('---\n')

export interface KubeconfigParts {
  readonly server: string
  readonly caFile: string
  readonly user: string
  readonly token: string
}

export function tokenKubeconfig({ server, caFile, user, token }: KubeconfigParts): string {
  return JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': user,
    clusters: [{ name: 'cluster', cluster: { server, 'certificate-authority': caFile } }],
    // Inline: the client library does not know the field tokenFile, and would be nobody without a word.
    users: [{ name: user, user: { token } }],
    contexts: [{ name: user, context: { cluster: 'cluster', user } }],
  }, null, 2)
}
