/** A template as a test applies it: in a namespace, acting, and in a hurry. Nothing else of it is changed. Pure. */
import { isObject } from '../../shared/lib/json.ts'
import type { Template } from '../../hack/delivery/templates.ts'

type Times = Readonly<Record<string, string>>

/** What a test waits for in place of minutes and hours. What is missing here stays as it is in the template. */
const SHORT: Times = {
  duration: '3s',
  for: '0s',
  cooldownPeriod: '0s',
  stabilizationWindow: '6s',
  // Of a machine that does all of it at once.
  healthCheckTimeout: '4m',
}

/** Ranges of PromQL: some scrapes of a second each. */
const RANGE = /\[\d+m\]/g
const SHORT_RANGE = '[10s]'

const hurry = (value: unknown, times: Times, key = ''): unknown => {
  if (Array.isArray(value)) return value.map((item) => hurry(item, times))
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, hurry(member, times, name)]))
  if (typeof value !== 'string') return value
  return times[key] ?? (key === 'query' ? value.replaceAll(RANGE, SHORT_RANGE) : value)
}

/** One that only watches goes on only watching. */
export const acting = (template: Template): Template => (template.spec.mode === 'dryrun' ? { ...template, spec: { ...template.spec, mode: 'automatic' } } : template)

export const hurried = (template: Template, times: Times = {}): Template => hurry(acting(template), { ...SHORT, ...times }) as Template
