import { expect } from 'chai'
import { Ajv } from 'ajv'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { CONTROLLER_OPTIONS } from '../../controller/options.ts'
import { judge } from '../../shared/rules/judge.ts'
import { DEFAULT_INSTALLATION } from '../../shared/rules/rule.ts'
import { readFlags, resolveOptions } from '../../shared/runtime/options.ts'
import { PROGRAM_SECTIONS } from '../../shared/kube/program-options.ts'
import { WEBHOOK_OPTIONS } from '../../webhook/options.ts'
import { OURS, PROGRAMS, DEFINITIONS, NAMESPACE } from '../../cli/uninstall/inventory.ts'
import { healers, legacyImpersonation, recommended } from './healers.ts'
import { filled, Hole, Items, template } from './holes.ts'
import { PARTS } from './product.ts'
import { differences, readersOf, resolvedBy } from './resolved.ts'
import { toYaml } from '../generators/generator.ts'
import { configMap } from './configuration.ts'
import { type Manifest } from './manifest.ts'
import { CONFIG_OPTIONS, treeOf, VALUES, standardValues } from './values.ts'

const CHART = join(import.meta.dirname, '../../chart')

describe('an object with holes', () => {
  const object = {
    replicas: new Hole('scalar', 'int64 .Values.replicas', 2),
    labels: new Hole('with', '.Values.labels'),
    list: [{ a: 1, b: new Hole('block', '.Values.b', { c: 1 }) }, new Items('.Values.more', 'holds', [{ d: 2 }]), new Items('.Values.most', 'fails', [{ e: 3 }])],
    text: new Hole('text', 'include "x" .', 'y'),
    other: 'of {{ .Labels }}',
  }

  it('has the standards in them where no template is wanted, and no key where there is none', () =>
    expect(filled(object)).to.deep.equal({ replicas: 2, list: [{ a: 1, b: { c: 1 } }, { d: 2 }], text: 'y', other: 'of {{ .Labels }}' }))

  it('has their expressions in a template, at the depth of their keys', () =>
    expect(template(object).split('\n')).to.deep.equal([
      'replicas: {{ int64 .Values.replicas }}',
      '{{- with .Values.labels }}',
      'labels:',
      '  {{- toYaml . | nindent 2 }}',
      '{{- end }}',
      'list:',
      '  - a: 1',
      '    b:',
      '      {{- toYaml .Values.b | nindent 6 }}',
      '{{- if .Values.more }}',
      '  - d: 2',
      '{{- end }}',
      '{{- if .Values.most }}',
      '  - e: 3',
      '{{- end }}',
      'text: |-',
      '  {{- include "x" . | nindent 2 }}',
      // What is no template of ours comes out as it went in.
      'other: of {{ "{{" }} .Labels }}',
      '',
    ]))
})

describe("the chart's values", () => {
  const schema: unknown = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8'))
  const { $schema: _, ...own } = schema as Record<string, unknown>
  const validate = new Ajv({ strict: false, allErrors: true }).compile(own)

  it('are those that the schema takes', () => {
    expect(validate(standardValues()), JSON.stringify(validate.errors)).to.equal(true)
    expect(parse(readFileSync(join(CHART, 'values.yaml'), 'utf8'))).to.deep.equal(standardValues())
  })

  for (const { path, other } of VALUES) {
    it(`${path} may be another one, of its own type only, and no other name`, () => {
      expect(validate(treeOf([{ path, leaf: other }])), JSON.stringify(validate.errors)).to.equal(true)
      expect(validate(treeOf([{ path, leaf: null }]))).to.equal(false)
      expect(validate(treeOf([{ path: `${path}X`, leaf: other }]))).to.equal(false)
    })
  }

  it('have every key of the configuration file, but what the chart decides', () => {
    const keys = new Set([...CONTROLLER_OPTIONS, ...WEBHOOK_OPTIONS].filter((spec) => !('flagOnly' in spec)).map(({ key }) => key))
    expect(new Set([...CONFIG_OPTIONS.map(({ key }) => key), 'namespace', 'webhook.certificates'])).to.deep.equal(keys)
  })

  // That Helm writes them there is for e2e/chart/render.e2e.ts to say, that the programs go by their options for hack/options-read.test.ts.
  for (const { path, other } of VALUES.filter((value) => value.path.startsWith('config.'))) {
    it(`${path} is read by the programs that have it, and as no other option`, () => {
      const standard = VALUES.filter((value) => value.path.startsWith('config.') && value.standard !== undefined).map((value) => ({ path: value.path, leaf: value.standard }))
      const textOf = (entries: readonly { readonly path: string; readonly leaf: unknown }[]): string => toYaml(treeOf(entries)['config'])
      const key = path.slice('config.'.length)
      expect(readersOf(key)).not.to.deep.equal([])
      expect(differences(resolvedBy(textOf(standard)), resolvedBy(textOf([...standard, { path, leaf: other }])))).to.deep.equal(readersOf(key))
    })
  }

  it('are understood by both programs', () => {
    const config = (standardValues()['config']) as Record<string, unknown>
    expect(() => resolveOptions(CONTROLLER_OPTIONS, readFlags(CONTROLLER_OPTIONS, []), config, PROGRAM_SECTIONS.webhook)).not.to.throw()
    expect(() => resolveOptions(WEBHOOK_OPTIONS, readFlags(WEBHOOK_OPTIONS, []), config, PROGRAM_SECTIONS.controller)).not.to.throw()
    const { data } = filled(configMap) as { data: Record<string, string> }
    expect(resolveOptions(WEBHOOK_OPTIONS, readFlags(WEBHOOK_OPTIONS, []), parse(data['config.yaml'] ?? ''), PROGRAM_SECTIONS.controller)).to.deep.equal(resolveOptions(WEBHOOK_OPTIONS, readFlags(WEBHOOK_OPTIONS, [])))
  })
})

describe('what the chart brings', () => {
  it('are policies that the door takes without a warning, in whatever mode, and dry runs unless told otherwise', () => {
    for (const { mode: chosen, policy } of recommended.flatMap((each) => ['monitor', 'dryrun', 'manual', 'automatic'].map((mode) => ({ mode, policy: filled(each) as { metadata: object; spec: { mode: string } } })))) {
      const { mode } = policy.spec
      expect(mode).to.be.oneOf(['dryrun', 'monitor'])
      const set = { ...policy, spec: { ...policy.spec, mode: mode === 'dryrun' ? chosen : mode } }
      expect(judge(set, { installation: DEFAULT_INSTALLATION }), JSON.stringify(policy.metadata)).to.deep.equal({ violations: [], warnings: [] })
    }
  })

  it('gives each healer what `enable` gives it, and the older impersonation nowhere but in its namespace', () => {
    expect(healers.map(({ kind }) => kind)).to.deep.equal(['ServiceAccount', 'Role', 'RoleBinding'])
    expect(legacyImpersonation.map(({ kind, metadata }) => [kind, filled(metadata['namespace'])])).to.deep.equal([['Role', 'shop'], ['RoleBinding', 'shop']])
  })
})

describe('what is installed', () => {
  const places = [...PROGRAMS, DEFINITIONS, NAMESPACE]
  const labels = Object.fromEntries(OURS.split(',').map((pair) => pair.split('=')))
  for (const { name, objects } of PARTS) {
    it(`goes by kubeskippy uninstall: ${name}`, () => {
      for (const object of objects.map(filled) as Manifest[]) {
        const { kind, metadata } = object
        // Policies go with their CRD, where they are not kept.
        if (kind === 'HealingPolicy') continue
        const there = places.filter(({ resource, namespace }) => resource.kind === kind && (namespace ?? metadata['namespace']) === metadata['namespace'])
        const isNamed = there.some(({ names }) => names?.includes(metadata['name'] as string))
        if (!isNamed) expect(there.some(({ names }) => names === undefined), `${kind} ${String(metadata['name'])}`).to.equal(true)
        expect(metadata['labels'], `${kind} ${String(metadata['name'])}`).to.include(isNamed ? {} : labels)
      }
    })
  }
})
