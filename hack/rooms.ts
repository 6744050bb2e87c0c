/** The table of who may import whom. A file is in the room with the longest `at` that its path begins with. */

export interface Room {
  /** A folder with a slash at its end, or one file. */
  readonly at: string
  /** Files (or folders) of other rooms. The own folder goes without saying. */
  readonly imports: readonly string[]
  /** Files (or folders) of which only types may be imported. */
  readonly types?: readonly string[]
  /** All imports are of types. */
  readonly typesOnly?: true
  /** npm packages; absent: none. */
  readonly npm?: 'any' | readonly string[]
  readonly npmTypes?: readonly string[]
  /** Node's modules, as `node:crypto`; absent: none. */
  readonly node?: 'any' | readonly string[]
  /** No ambient time, chance, console or network either. */
  readonly pure?: true
}

/** Files that a room must name to import: the folder around them is open to more rooms than they are. */
export const EXPLICIT: readonly string[] = ['shared/schema/ajv.ts', 'shared/schema/validate.ts']

/** Tools and suites: they may import what they like, but no main.ts. */
export const FREE: readonly string[] = ['hack/', 'e2e/', 'bench/', 'simulation/']

/** What a pure room may not touch. */
export const CORE_GLOBALS = /\bDate\.now\b|\bnew Date\(\s*\)|(?<![.\w]|new )Date\(|\bMath\.random\b|\bperformance\.|\bset(?:Timeout|Interval|Immediate)\(|(?<![.\w])fetch\(|\bconsole\.|\bprocess\.|\bglobalThis\b|(?<![.\w'"])crypto\./g

const API = ['shared/lib/', 'shared/schema/', 'shared/api/']
const CORE = ['controller/healing/', 'controller/triggers/', 'controller/actions/', 'controller/analysis/']
const PURE = { imports: [...CORE, ...API, 'shared/rules/'], pure: true } as const

export const ROOMS: readonly Room[] = [
  // What both programs speak.
  { at: 'shared/lib/', imports: [], pure: true },
  { at: 'shared/lib/time-window.ts', imports: ['shared/lib/'], npm: ['croner'], pure: true },
  { at: 'shared/lib/hash.ts', imports: ['shared/lib/'], node: ['node:crypto'], pure: true },
  { at: 'shared/lib/pattern.ts', imports: ['shared/lib/'], npm: ['re2js'], pure: true },
  { at: 'shared/schema/', imports: ['shared/lib/'], pure: true },
  { at: 'shared/schema/ajv.ts', imports: ['shared/schema/'], npm: ['ajv'], pure: true },
  { at: 'shared/schema/validate.ts', imports: ['shared/lib/', 'shared/schema/', 'shared/schema/ajv.ts'], npmTypes: ['ajv'], pure: true },
  { at: 'shared/api/', imports: ['shared/lib/', 'shared/schema/'], npmTypes: ['json-schema-to-ts'], pure: true },
  { at: 'shared/promql/', imports: ['shared/lib/'], npm: ['@prometheus-io/lezer-promql'], npmTypes: ['@lezer/common'], pure: true },
  { at: 'shared/rules/', imports: [...API, 'shared/promql/'], pure: true },
  { at: 'shared/rules/patches/', imports: API, npm: ['yaml', 'fast-json-patch'], pure: true },
  { at: 'shared/runtime/', imports: ['shared/lib/'] },
  { at: 'shared/kube/', imports: ['shared/lib/', 'shared/runtime/'], npm: ['@kubernetes/client-node', 'undici', 'yaml'], node: 'any' },
  { at: 'shared/adapters/', imports: ['shared/lib/', 'shared/runtime/', 'shared/kube/'], npm: 'any', node: 'any' },

  // The core decides; reconcilers carry between it and the ports; adapters know the outside.
  { at: 'controller/healing/', ...PURE },
  { at: 'controller/triggers/', ...PURE },
  { at: 'controller/actions/', ...PURE },
  { at: 'controller/analysis/', ...PURE },
  { at: 'controller/ports/', imports: [...CORE, ...API, 'shared/rules/', 'shared/kube/'], typesOnly: true, pure: true },
  {
    at: 'controller/reconcilers/',
    imports: ['controller/ports/', 'controller/metrics.ts', ...CORE, ...API, 'shared/rules/', 'shared/runtime/'],
    types: ['shared/kube/'],
  },
  {
    at: 'controller/adapters/',
    imports: ['controller/ports/', ...CORE, ...API, 'shared/rules/', 'shared/runtime/', 'shared/kube/', 'shared/adapters/', 'shared/schema/validate.ts'],
    npm: 'any',
    node: 'any',
  },
  { at: 'controller/', imports: ['shared/', 'certs/'], npm: 'any', node: 'any' },

  // The front door.
  {
    at: 'webhook/admission/',
    imports: [...API, 'shared/rules/', 'shared/runtime/', 'shared/kube/', 'shared/schema/validate.ts'],
    node: 'any',
  },
  { at: 'webhook/', imports: ['shared/', 'certs/', 'shared/schema/validate.ts'], npm: 'any', node: 'any' },
  { at: 'certs/', imports: ['shared/'], npm: 'any', node: 'any' },

  // One command line over both.
  { at: 'cli/', imports: ['shared/', 'controller/', 'webhook/', 'certs/', 'shared/schema/validate.ts'], npm: 'any', node: 'any' },
]
