/** The policies of `config/policies`, as they are in their files: the one place where they are written. */
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parse } from 'yaml'
import type { JsonObject } from '../../shared/lib/json.ts'

export const TEMPLATE_FOLDER = 'config/policies'

const folder = join(import.meta.dirname, '../..', TEMPLATE_FOLDER)

/** In alphabetical order. */
export const TEMPLATE_NAMES: readonly string[] = globSync('*.yaml', { cwd: folder }).map((file) => basename(file, '.yaml')).sort()

export interface Template {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: JsonObject & { readonly mode: string; readonly selector: JsonObject }
}

export const templateText = (name: string): string => readFileSync(join(folder, `${name}.yaml`), 'utf8')
export const policyTemplate = (name: string): Template => parse(templateText(name)) as Template
