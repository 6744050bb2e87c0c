/** A rule: one id, one pure function, one line of the reference, one valid and one invalid sample. */
import type { HealingPolicy } from '../api/v1alpha1/types.ts'
import { OPERATOR_NAMESPACE, PROTECTED_NAMESPACES } from '../api/v1alpha1/names.ts'
import type { TextPosition } from '../lib/text-position.ts'
import { seconds, type Millis } from '../lib/time.ts'
import type { AccessAnswers, AccessQuestion } from './access.ts'
import type { Neighbourhood } from './across/neighbours.ts'
import type { ScalingPreview } from './actions/live-scaling.ts'
import { DEFAULT_PATCH_ALLOW_LIST } from './patches/allowed.ts'
import type { Preview } from './selection/ks106-impact.ts'
import type { Severity } from './violation.ts'

/** The part of the installation's configuration that rules need. */
export interface Installation {
  readonly operatorNamespace: string
  /** Beside the built-in ones. */
  readonly protectedNamespaces: readonly string[]
  readonly ceiling: { readonly maxActionsPerHour: number; /** That an action may ask for. */ readonly replicas: number }
  /** The percentage of unhealthy objects above which nothing is done: of those that a policy selects, where it says nothing. */
  readonly storm: { readonly policyPercent: number }
  /** Fields that patches may touch; what is privileged stays out whatever it says. */
  readonly patchAllowList: readonly string[]
  /** Every Prometheus that triggers may ask. */
  readonly sources: readonly QuerySource[]
}

/** What has to be known of a Prometheus to judge what it is asked. */
export interface QuerySource {
  readonly name: string
  /** How often it asks those that it scrapes. */
  readonly scrapeInterval: Millis
  /** What a scraped process says of itself (`exported_pod`) is believed. */
  readonly trustExportedLabels: boolean
}

/** Of a source that nobody has configured here. The Prometheus operator scrapes as often. */
export const UNKNOWN_SOURCE: Omit<QuerySource, 'name'> = { scrapeInterval: seconds(30), trustExportedLabels: false }

/** What holds when the installation says nothing. */
export const DEFAULT_INSTALLATION: Installation = {
  operatorNamespace: OPERATOR_NAMESPACE,
  protectedNamespaces: [],
  ceiling: { maxActionsPerHour: 60, replicas: 1000 },
  storm: { policyPercent: 20 },
  patchAllowList: DEFAULT_PATCH_ALLOW_LIST,
  sources: [],
}

/** What discovery tells of a kind that only its API server knows. `near`: a kind of that group and version that may have been meant. */
export type KindFacts = { readonly found: true; readonly plural: string; readonly namespaced: boolean; readonly scalable: boolean } | { readonly found: false; readonly near: readonly string[] }

/** By apiVersion and kind. What is not in it is not known: nobody could be asked. */
export type KindsFound = ReadonlyMap<string, KindFacts>

/**
 * What only the API server can tell, gathered before a policy is judged. An absent member: nobody here can ask for it
 * (offline, the controller), and what needs it finds nothing.
 */
export interface Known {
  /** Answers to what rules ask. */
  readonly access?: AccessAnswers
  readonly kinds?: KindsFound
  /** Other policies, and the objects that they could share. */
  readonly around?: Neighbourhood
  /** What there is for a new selection. */
  readonly preview?: Preview
  /** What there is for a new or changed policy that scales. */
  readonly scaling?: ScalingPreview
  /** On an update: the policy that it replaces. */
  readonly stored?: HealingPolicy
}

export interface RuleContext extends Known {
  readonly installation: Installation
  /** The object as it was given, with what the schema does not know. Absent: there is nothing but the policy. */
  readonly given?: unknown
}

/** One thing that is wrong. `severity`, `why` and `fix` are the rule's unless given. */
export interface Finding {
  readonly path: string
  readonly what: string
  readonly severity?: Severity
  readonly why?: string
  readonly fix?: string
  /** Of a rule that knows exemptions: why this knows none. A part of a sentence. */
  readonly noExemption?: string
  /** Where in the text at `path` it is. */
  readonly at?: TextPosition
}

export interface Rule {
  /** `KS101`; also names the samples: `config/samples/{valid,invalid}/rules/ks101.yaml`. */
  readonly id: string
  /** The highest that it gives. */
  readonly severity: Severity
  /** Some of its findings are warnings, beside those that refuse. */
  readonly alsoWarns?: true
  /** Some of its findings are E, beside those that are F. */
  readonly alsoRefuses?: true
  /** Why no policy can be exempted from it (KS506): a part of a sentence. Absent: somebody with the verb override-safety may do so; of the rules about triggers anybody. */
  readonly noExemption?: string
  /** The same of some of its findings (`Finding.noExemption`): which they are and why, for the reference. */
  readonly partlyNoExemption?: string
  /** One sentence for the reference. */
  readonly title: string
  readonly why: string
  readonly fix: string
  /**
   * What it cannot be checked without: other objects of the cluster, or who sends the policy. Then it finds nothing
   * offline; what needs the requester is not checked by the controller either. Rules without it are the same everywhere.
   */
  readonly needs?: 'cluster' | 'requester'
  /** The same of some of its findings: the others are the same everywhere. */
  readonly partlyNeeds?: 'cluster'
  /** What the API server has to be asked before the policy can be judged. Without answers it is not checked. */
  readonly asks?: (policy: HealingPolicy, known?: Known) => readonly AccessQuestion[]
  /**
   * Pure and total. The policy has all defaults and the shape of the schema. Values of the user pass `quoted`.
   */
  readonly check: (policy: HealingPolicy, context: RuleContext) => readonly Finding[]
}

/** Whether the policy carries anything out, be it as a dry run: monitor only looks. */
export const acts = ({ spec }: HealingPolicy): boolean => spec.mode !== 'monitor'

/** Whether it writes to workloads, be it after an approval. */
export const heals = ({ spec }: HealingPolicy): boolean => spec.mode === 'manual' || spec.mode === 'automatic'

/** The selected kinds; context defaults have been applied. */
export const selectedResources = ({ spec }: HealingPolicy): NonNullable<HealingPolicy['spec']['selector']['resources']> =>
  spec.selector.resources ?? []

export const selectedNamespaces = ({ spec }: HealingPolicy): readonly string[] => spec.selector.namespaces ?? []

/** Where the author wrote it: the own namespace is in the list by default. */
export const namespacePath = (policy: HealingPolicy, index: number): string =>
  selectedNamespaces(policy)[index] === policy.metadata.namespace ? 'metadata.namespace' : `spec.selector.namespaces[${index}]`

/** No policy acts by itself in these: the built-in ones, the operator's own, the installation's. */
export const protectedNamespaces = ({ operatorNamespace, protectedNamespaces }: Installation): ReadonlySet<string> =>
  new Set([...PROTECTED_NAMESPACES, operatorNamespace, ...protectedNamespaces])
