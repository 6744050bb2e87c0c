/** Workloads that break in the ways that the scenarios are about: shell scripts in the demo image, broken by a file of the pod. */
import { BUSYBOX_IMAGE } from '../cluster/spec.ts'
import type { Fixture } from '../healing/fixture.ts'

export interface WorkloadOptions {
  /** Run by `sh -c`. What is in `/data` is as old as the pod. */
  readonly script: string
  readonly replicas?: number
  /** Of the Deployment and of its pods, beside `app`. */
  readonly more?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly limits?: Readonly<Record<string, string>>
  /** Added to the container. */
  readonly container?: object
  /** Of `/data`. Default: on the node's disk. */
  readonly volume?: object
}

export function workload(namespace: string, name: string, { script, replicas = 1, annotations = {}, more = {}, limits, container = {}, volume = { emptyDir: {} } }: WorkloadOptions): object {
  const labels = { app: name }
  const main = {
    name: 'app', image: BUSYBOX_IMAGE, imagePullPolicy: 'Never', command: ['sh', '-c', script],
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
    ...(limits === undefined ? {} : { resources: { limits, requests: { cpu: '10m', memory: '16Mi' } } }),
    ...container,
  }
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace, labels: { ...labels, ...more } },
    spec: {
      replicas, selector: { matchLabels: labels },
      template: {
        metadata: { labels: { ...labels, ...more }, annotations },
        spec: { terminationGracePeriodSeconds: 0, automountServiceAccountToken: false, containers: [main], volumes: [{ name: 'data', ...volume }] },
      },
    },
  }
}

/** Until all of its pods are Ready; then their names, oldest last. */
export async function rolledOut(fixture: Fixture, namespace: string, name: string): Promise<readonly string[]> {
  await fixture.kubectl(['rollout', 'status', '-n', namespace, `deployment/${name}`, '--timeout=120s'])
  const pods = await fixture.pods(namespace)
  return pods.filter(({ metadata }) => metadata.labels?.['app'] === name && metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name)
}

