/** The chart by the real Helm, and `config/` by the real kubectl. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { toolDir } from '../cluster/build.ts'
import { exec, type Finished } from '../cluster/exec.ts'
import { callerEnv } from '../cluster/paths.ts'

const ROOT = join(import.meta.dirname, '../..')
export const CHART = join(ROOT, 'chart')
export const CONFIG = join(ROOT, 'config')

export type Rendered = Readonly<Record<string, unknown>> & { readonly kind: string; readonly apiVersion: string; readonly metadata: { readonly name: string; readonly namespace?: string } & Readonly<Record<string, unknown>> }

export interface HelmOptions {
  readonly values?: unknown
  readonly kubeconfig?: string
  readonly namespace?: string
}

/** Its caches and settings are its own: nothing of the person's who runs the tests. */
export async function helm(args: readonly string[], { values, kubeconfig, namespace = OPERATOR_NAMESPACE }: HelmOptions = {}): Promise<Finished> {
  const home = mkdtempSync(join(tmpdir(), 'kubeskippy-helm-'))
  try {
    const file = join(home, 'values.json')
    if (values !== undefined) writeFileSync(file, JSON.stringify(values))
    const env = { ...callerEnv(), HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home }
    const flags = ['--namespace', namespace, ...(values === undefined ? [] : ['--values', file]), ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig])]
    return await exec(join(toolDir('helm'), 'helm'), [...args, ...flags], { env })
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** @throws with what Helm said */
export async function helmMust(args: readonly string[], options?: HelmOptions): Promise<string> {
  const { code, stdout, stderr } = await helm(args, options)
  if (code !== 0) throw new Error(`helm ${args[0]}: ${stderr}`)
  return stdout
}

export interface RenderOptions extends HelmOptions {
  readonly kubeVersion?: string
  /** The API server knows our kinds, as on every upgrade. */
  readonly upgrade?: boolean
}

export const renderText = async (options: RenderOptions = {}): Promise<string> =>
  helmMust(['template', 'kubeskippy', CHART, '--kube-version', options.kubeVersion ?? '1.36.0', ...(options.upgrade === true ? ['--api-versions', 'kubeskippy.io/v1alpha1/HealingPolicy'] : [])], options)

export const objectsOf = (text: string): readonly Rendered[] =>
  parseAllDocuments(text, { version: '1.1' }).flatMap((document) => {
    const value = document.toJS() as Rendered | null
    if (document.errors.length > 0) throw document.errors[0]
    return value === null ? [] : [value]
  })

export const render = async (options?: RenderOptions): Promise<readonly Rendered[]> => objectsOf(await renderText(options))

/** `kubectl kustomize config`. */
export async function kustomized(): Promise<readonly Rendered[]> {
  const { code, stdout, stderr } = await exec(join(toolDir('kubernetes'), 'kubectl'), ['kustomize', CONFIG])
  if (code !== 0) throw new Error(stderr)
  return objectsOf(stdout)
}

export const keyOf = ({ apiVersion, kind, metadata: { namespace, name } }: Rendered): string => [apiVersion, kind, namespace ?? '', name].join(' ')

export const find = (objects: readonly Rendered[], kind: string, name: string): Rendered => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name)
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`)
  return found
}
