import { expect } from 'chai'
import { policyTemplate, TEMPLATE_NAMES } from '../../hack/delivery/templates.ts'
import { isObject } from '../../shared/lib/json.ts'
import { hurried } from './hurried.ts'

/** Paths at which two values differ. */
const differences = (a: unknown, b: unknown, path = ''): string[] => {
  if ((Array.isArray(a) && Array.isArray(b)) || (isObject(a) && isObject(b))) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)])
    return [...keys].flatMap((key) => differences((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], `${path}.${key}`))
  }
  return a === b ? [] : [path]
}

describe('a template in a hurry', () => {
  for (const name of TEMPLATE_NAMES) {
    it(`${name} differs from its file in times alone, and acts where it only said what it would do`, () => {
      const template = policyTemplate(name)
      const changed = differences(template, hurried(template))
      const times = /\.(duration|for|cooldownPeriod|stabilizationWindow|healthCheckTimeout)$|^\.spec\.triggers\.\d+\.metricTrigger\.query$/
      expect(changed.filter((path) => path !== '.spec.mode' && !times.test(path))).to.deep.equal([])
      expect(changed.includes('.spec.mode')).to.equal(template.spec.mode === 'dryrun')
      for (const { metricTrigger } of template.spec['triggers'] as { metricTrigger?: { query: string } }[]) expect(metricTrigger?.query ?? '').not.to.match(/\[10s\]/)
    })
  }
})
