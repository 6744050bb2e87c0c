/** What ajv makes of our schemas, made when a bundle is, in place of `shared/schema/ajv.ts`. */
import { fileURLToPath } from 'node:url'
import { _, Ajv } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import type { Plugin } from 'esbuild'
import { resources } from '../shared/api/v1alpha1/resources.ts'
import { AJV_OPTIONS, KEYWORDS } from '../shared/schema/ajv.ts'
import { rootSchema } from '../shared/schema/defaults.ts'

const FOLDER = fileURLToPath(new URL('../shared/schema', import.meta.url))
const MADE = 'kubeskippy:validators'

/** The source of a module that exports a function by the name of each kind. */
function madeOf(): string {
  const ajv = new Ajv({ ...AJV_OPTIONS, keywords: [...KEYWORDS], code: { source: true, esm: true, formats: _`require("./formats.ts").formats` } })
  for (const resource of resources) ajv.addSchema(rootSchema(resource), resource.kind)
  return standalone.default(ajv, Object.fromEntries(resources.map(({ kind }) => [kind, kind])))
}

/** The same function as in the file that it replaces, for the schemas of our kinds; by the schema itself, which is made once per kind. */
const REPLACEMENT = `
import { resources } from '../api/v1alpha1/resources.ts'
import { rootSchema } from './defaults.ts'
import * as made from '${MADE}'
const known = new Map(resources.map((resource) => [rootSchema(resource), made[resource.kind]]))
export function validatorOf(schema) {
  const found = known.get(schema)
  if (found === undefined) throw new Error('no validator was made of this schema')
  return found
}
`

export const validators: Plugin = {
  name: 'validators',
  setup: (build) => {
    build.onLoad({ filter: /\/shared\/schema\/ajv\.ts$/ }, () => ({ contents: REPLACEMENT, loader: 'js', resolveDir: FOLDER }))
    build.onResolve({ filter: new RegExp(`^${MADE}$`) }, () => ({ path: MADE, namespace: 'made' }))
    build.onLoad({ filter: /./, namespace: 'made' }, () => ({ contents: madeOf(), loader: 'js', resolveDir: FOLDER }))
  },
}
