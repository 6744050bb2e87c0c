import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { inspect, walkSources } from './architecture.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const FOLDERS = ['shared', 'controller', 'webhook', 'certs', 'cli', 'hack', 'e2e', 'bench', 'simulation']

// Apart from its import, since the walk reads this file as well.
const PROGRAM = '../controller/main.ts'

const whyOf = (file: string, source: string): string[] => inspect(file, source).map(({ why }) => why)

describe('the rooms', () => {
  it('import only what they may', async () => {
    const breaches = await walkSources(root, FOLDERS)
    expect(breaches.map(({ file, line, why }) => `${file}:${line}: ${why}`)).to.deep.equal([])
  })

  const bites: readonly [rule: string, file: string, source: string][] = [
    ['lib imports nothing', 'shared/lib/x.ts', "import { a } from '../schema/a.ts'"],
    ['lib imports nothing of Node', 'shared/lib/x.ts', "import { createHash } from 'node:crypto'"],
    ['the hash takes node:crypto and no more of Node', 'shared/lib/hash.ts', "import { readFileSync } from 'node:fs'"],
    ['schema does not know the API', 'shared/schema/x.ts', "import { GROUP } from '../api/v1alpha1/fields.ts'"],
    ['schema is free of npm', 'shared/schema/x.ts', "import { Ajv } from 'ajv'"],
    ['only one file has ajv, and it has nothing else', 'shared/schema/ajv.ts', "import { z } from 'zod'"],
    ['nobody passes by the file that judges', 'shared/rules/x.ts', "import { validatorOf } from '../schema/ajv.ts'"],
    ['a neighbour does not drag ajv in', 'shared/schema/x.ts', "import { compileSchema } from './validate.ts'"],
    ['the API does not know the rules', 'shared/api/v1alpha1/x.ts', "import { RULES } from '../../rules/registry.ts'"],
    ['the API takes types only from json-schema-to-ts', 'shared/api/v1alpha1/x.ts', "import { asConst } from 'json-schema-to-ts'"],
    ['the rules are free of npm', 'shared/rules/x.ts', "import { parse } from 'yaml'"],
    ['the rules are free of Node', 'shared/rules/x.ts', "import { isIP } from 'node:net'"],
    ['the rules are free of ajv', 'shared/rules/x.ts', "import { compileResource } from '../schema/validate.ts'"],
    ['the rules do not know the transport', 'shared/rules/x.ts', "import type { KubeApi } from '../kube/api.ts'"],
    ['the rules ask no clock', 'shared/rules/x.ts', 'export const now = () => Date.now()'],
    ['the runtime does not know Kubernetes', 'shared/runtime/x.ts', "import type { KubeApi } from '../kube/api.ts'"],
    ['the transport does not know the API', 'shared/kube/x.ts', "import { GROUP } from '../api/v1alpha1/fields.ts'"],
    ['the transport has its own packages and no more', 'shared/kube/x.ts', "import axios from 'axios'"],
    ['shared knows neither program', 'shared/adapters/x.ts', "import { a } from '../../controller/healing/evaluate.ts'"],
    ['the core is free of Node', 'controller/healing/x.ts', "import { hrtime } from 'node:process'"],
    ['the core is free of npm', 'controller/triggers/x.ts', "import { Cron } from 'croner'"],
    ['the core does not know the ports', 'controller/actions/x.ts', "import type { Ledgers } from '../ports/ledgers.ts'"],
    ['the core does not know the runtime', 'controller/healing/x.ts', "import type { Logger } from '../../shared/runtime/logger.ts'"],
    ['the core does not know the transport', 'controller/healing/x.ts', "import type { KubeApi } from '../../shared/kube/api.ts'"],
    ['the core asks no clock', 'controller/healing/x.ts', 'const today = new Date()'],
    ['the core throws no dice', 'controller/healing/x.ts', 'const dice = Math.random()'],
    ['the core does not wait', 'controller/healing/x.ts', 'setTimeout(() => {}, 1)'],
    ['the core does not print', 'controller/healing/x.ts', "console.log('x')"],
    ['ports import types only', 'controller/ports/x.ts', "import { evaluate } from '../healing/evaluate.ts'"],
    ['reconcilers do not know adapters', 'controller/reconcilers/x.ts', "import { LedgerStore } from '../adapters/ledger-store.ts'"],
    ['reconcilers take types only from the transport', 'controller/reconcilers/x.ts', "import { Transport } from '../../shared/kube/transport.ts'"],
    ['reconcilers are free of npm', 'controller/reconcilers/x.ts', "import { request } from 'undici'"],
    ['adapters do not know reconcilers', 'controller/adapters/x.ts', "import { a } from '../reconcilers/healing-policy.ts'"],
    ['the controller does not know the webhook', 'controller/x.ts', "import { a } from '../webhook/app.ts'"],
    ['the webhook does not know the controller', 'webhook/x.ts', "import type { A } from '../controller/healing/policy.ts'"],
    ['nor does admission', 'webhook/admission/x.ts', "import type { A } from '../../controller/healing/policy.ts'"],
    ['certificates know neither program', 'certs/x.ts', "import type { A } from '../webhook/app.ts'"],
    ['nobody imports a main.ts', 'controller/x.ts', "import { run } from './main.ts'"],
    ['not even a test does', 'controller/x.test.ts', "import { run } from './main.ts'"],
    ['the command line starts programs by dynamic import', 'cli/main.ts', "import { run } from '../controller/main.ts'"],
    ['only tests import what is for tests', 'controller/x.ts', "import { a } from './healing/testing/builders.ts'"],
    ['only tests import shared/testing', 'webhook/x.ts', "import { FakeClock } from '../shared/testing/fake-clock.ts'"],
    ['only main.ts reads the environment', 'controller/x.ts', "const home = process.env['HOME']"],
    ['only main.ts exits', 'webhook/x.ts', 'process.exit(1)'],
    ['a re-export is an import', 'shared/rules/x.ts', "export * from 'yaml'"],
    ['an import for its effect is an import', 'shared/rules/x.ts', "import 'yaml'"],
    ['a dynamic import is an import', 'shared/rules/x.ts', "const yaml = await import('yaml')"],
    ['an import over several lines is an import', 'shared/rules/x.ts', "import {\n  parse,\n  stringify,\n} from 'yaml'"],
    ['a computed name cannot be checked', 'webhook/x.ts', 'const module = await import(name)'],
    ['a new folder needs a room', 'shared/somewhere/x.ts', 'export const a = 1'],
  ]
  for (const [rule, file, source] of bites) {
    it(`bite: ${rule}`, () => {
      expect(whyOf(file, source)).to.have.length(1)
    })
  }

  const passes: readonly [what: string, file: string, source: string][] = [
    ['the hash with node:crypto', 'shared/lib/hash.ts', "import { createHash } from 'node:crypto'"],
    ['types from json-schema-to-ts', 'shared/api/v1alpha1/types.ts', "import type { FromSchema } from 'json-schema-to-ts'"],
    ['an inline type', 'controller/ports/x.ts', "import { type Decision } from '../healing/evaluate.ts'"],
    ['a transport type in a reconciler', 'controller/reconcilers/x.ts', "import type { KubeApi } from '../../shared/kube/api.ts'"],
    ['the date of a given instant', 'shared/lib/x.ts', 'const text = new Date(t).toISOString()'],
    ['a comment', 'shared/lib/x.ts', "// import { a } from 'yaml'\n/* Date.now() */ export const a = 'https://example.com'"],
    ['the command line loading a program', 'cli/main.ts', `await import('${PROGRAM}')`],
    ['a main.ts reading the environment', 'controller/main.ts', "const home = process.env['HOME']"],
    ['a test with a fake', 'webhook/x.test.ts', "import { FakeClock } from '../shared/testing/fake-clock.ts'"],
    ['an adapter with npm', 'controller/adapters/x.ts', "import { request } from 'undici'"],
  ]
  for (const [what, file, source] of passes) {
    it(`let pass: ${what}`, () => {
      expect(whyOf(file, source)).to.deep.equal([])
    })
  }

  it('say where', () => {
    expect(inspect('shared/lib/x.ts', "\n\nimport { a } from 'yaml'\n")).to.deep.equal([{ file: 'shared/lib/x.ts', line: 3, why: 'shared/lib/ may not import yaml' }])
  })
})
