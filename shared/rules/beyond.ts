/** Ids that are no rule of the registry: what others say in the same words, and numbers that nothing says. For the reference and for people who ask. */
import type { Rule } from './rule.ts'

/** An id that somebody prints who does not judge policies by the registry. */
export interface BeyondText extends Pick<Rule, 'id' | 'severity' | 'title' | 'why' | 'fix' | 'alsoWarns' | 'needs'> {
  /** Who says it. */
  readonly by: string
  /** Why no policy can be exempted from it: a part of a sentence. */
  readonly noExemption: string
  /** No door refuses it: a configuration of the lint may make it less than an error. */
  readonly optional?: true
}

const BEFORE_THE_RULES = 'exemptions are for rules, and none is asked before this'
const SHAPE = { why: 'the API server refuses it before any rule is asked', fix: 'see kubectl explain healingpolicy.spec --recursive' } as const

export const BEYOND = {
  shape: {
    id: 'KS001',
    severity: 'E',
    title: 'The object has the shape of its schema.',
    ...SHAPE,
    by: 'the API server (without the id), kubeskippy lint, and the door where it meets an object that is older than the schema',
    noExemption: BEFORE_THE_RULES,
  },
  cel: {
    id: 'KS002',
    severity: 'E',
    title: 'Fields of the object fit each other, as the schema says in CEL.',
    ...SHAPE,
    by: 'the API server (without the id), and kubeskippy lint',
    noExemption: BEFORE_THE_RULES,
  },
  repeated: {
    id: 'KS003',
    severity: 'W',
    title: 'No key is written twice in one map, and none is lost to a map that is merged after it.',
    why: 'only the last one counts, and nobody is told what was lost',
    fix: 'keep one of them',
    by: 'kubeskippy lint: no API server ever sees it',
    noExemption: 'it is about the file; a configuration of the lint may leave it out',
    optional: true,
  },
  server: {
    id: 'KS004',
    severity: 'E',
    title: 'Nothing else of the cluster refuses the object, or warns about it: quotas, admission policies, webhooks of others.',
    why: 'it could not be written',
    fix: 'see what was said',
    alsoWarns: true,
    needs: 'cluster',
    by: 'kubeskippy lint --server, for what others say without an id',
    noExemption: 'it is for those to give who refuse',
  },
  approvers: {
    id: 'KS405',
    severity: 'W',
    title: 'Where actions wait for approval, somebody may give it.',
    why: 'every action waits until it expires, and nothing is ever done',
    fix: 'bind a Role with the verb approve on healingactions there (docs/guide/approval.md)',
    needs: 'cluster',
    by: 'kubeskippy lint --server and kubeskippy check, as far as the roles and bindings of the cluster show; the door does not read them',
    noExemption: 'of a warning nobody has to be exempted',
  },
  controllerOnly: {
    id: 'KS701',
    severity: 'F',
    title: 'Only the controller writes HealingActions and HealingLedgers.',
    why: 'whoever could write them would act as the healer of the namespace, or lift its limits',
    fix: 'write a HealingPolicy instead; of an action that waits for approval only spec.approval may be set',
    needs: 'requester',
    by: 'admission policies of the API server',
    noExemption: 'exemptions are for policies, and this is about the records of the controller',
  },
  deciding: {
    id: 'KS702',
    severity: 'F',
    title: 'Who decides on an action that waits has the verb approve on it, is a person, decides in his own name, and once.',
    why: 'an approval lets KubeSkippy act on workloads, and the record of who gave it is what is asked for afterwards',
    fix: 'ask for a Role with the verb approve in this namespace, name yourself in spec.approval.decidedBy as kubectl auth whoami does or, while the webhook is up, leave it out, and see the status of an action that waits no more',
    needs: 'requester',
    by: 'an admission policy of the API server, and the door',
    noExemption: 'exemptions are for policies, and this is about the records of the controller',
  },
} as const satisfies Record<string, BeyondText>

export const BEYOND_TEXTS: readonly BeyondText[] = Object.values(BEYOND)

/** A number that nothing prints. */
export interface UnusedId {
  readonly id: string
  /** What it is for. */
  readonly title: string
  /** Why nothing says it. */
  readonly why: string
}

const AI = 'not yet: no field of the API asks a model'

/** Kept, so that no number ever means two things. */
export const UNUSED_IDS: readonly UnusedId[] = [
  { id: 'KS212', title: 'A threshold of a built-in metric can be crossed.', why: 'a part of KS204 now' },
  { id: 'KS308', title: 'Addresses that an action calls are https, without credentials, and lead nowhere inside.', why: 'not yet: no action calls an address' },
  { id: 'KS503', title: 'A name fits into the value of a label.', why: 'the schema bounds names at 63 characters, so that KS001 refuses a longer one: the name of a policy is a label of each of its HealingActions, and without its record nothing is done' },
  { id: 'KS504', title: 'Protections of a namespace or of the installation are dropped only by somebody who may override safety.', why: 'not yet: no field of a policy drops any; all of them hold whatever it says' },
  { id: 'KS601', title: 'Providers, sources of models and roles are known.', why: AI },
  { id: 'KS602', title: 'minConfidence is between 0 and 1.', why: AI },
  { id: 'KS603', title: 'Nothing is sent to another host over plain http.', why: AI },
  { id: 'KS604', title: 'A provider outside of the cluster is asked with the consent of the namespace.', why: AI },
  { id: 'KS605', title: 'A veto in automatic mode is warned about.', why: AI },
  { id: 'KS606', title: 'A trigger of a model is about something.', why: AI },
]
