/**
 * Mistakes that somebody could make in this controller, each as changes of its source text. They are never in the shipped code:
 * `loader.ts` puts one of them in while a test loads the sources, and fails when the text that it changes is not there any more.
 */

export interface Edit {
  /** From the root of the repository. */
  readonly file: string
  /** Exactly once in the file. */
  readonly find: string
  readonly replace: string
}

export interface Bug {
  readonly id: string
  /** What is wrong with the controller then. */
  readonly title: string
  readonly edits: readonly Edit[]
  /** Name of the plans that are aimed at it; absent: any meets it. */
  readonly profile?: string
}

const bug = (id: string, title: string, file: string, find: string, replace: string): Bug => ({ id, title, edits: [{ file, find, replace }] })
const aimed = (profile: string, one: Bug): Bug => ({ ...one, profile })
/** One that the last look at the ledger before a write makes harmless: without that look. */
const unguarded = (one: Bug): Bug => ({ ...one, edits: [...one.edits, { file: ACTION, find: '!answers.held || ', replace: '' }] })

const WRITER = 'controller/adapters/target-writer.ts'
const ACTION = 'controller/reconcilers/healing-action.ts'
const READER = 'controller/adapters/live-reader.ts'
const LIMITS = 'controller/healing/limits.ts'
const LEDGER = 'controller/healing/ledger.ts'
const SHARED = 'controller/healing/shared-budget.ts'
const GUARDS = 'controller/healing/guards.ts'
const RECHECK = 'controller/healing/recheck.ts'

export const BUGS: readonly Bug[] = [
  // Single writes.
  bug('evict-without-preconditions', 'an eviction says neither uid nor version', WRITER, 'deleteOptions: { preconditions, ...grace }', 'deleteOptions: { ...grace }'),
  bug('delete-without-preconditions', 'a delete says neither uid nor version', WRITER, '{ ...options, preconditions, ...checkedGrace', '{ ...options, ...checkedGrace'),
  bug('patch-without-version', 'a patch says no version', WRITER, '{ ...metadata, uid, resourceVersion }', '{ ...metadata, uid }'),
  bug('scale-without-uid', 'a scale says no uid', WRITER, 'body: { metadata: preconditions, spec: { replicas } }', 'body: { metadata: { resourceVersion: preconditions.resourceVersion }, spec: { replicas } }'),
  bug('acts-as-itself', 'the controller writes to workloads with its own account', WRITER, '      impersonate: serviceAccountUser(namespace, HEALER_ACCOUNT),\n', ''),
  bug('foreign-healer', 'the controller acts as the healer of another namespace', WRITER, 'impersonate: serviceAccountUser(namespace, HEALER_ACCOUNT)', "impersonate: serviceAccountUser('default', HEALER_ACCOUNT)"),
  bug('acts-anonymously', 'a write names no HealingAction', WRITER, ' (healingaction ${act.spec.policyRef.namespace}/${act.metadata.name}; correlation-id ${correlationOf(act.spec)})', ''),
  bug('no-field-manager', 'a patch has no field manager', WRITER, '      fieldManager: FIELD_MANAGER,\n', ''),
  bug('deletes-in-place-of-evicting', 'a pod is deleted past its disruption budget', 'controller/actions/evict.ts', "operations: [{ kind: 'evict', target: ref, preconditions: { uid: ref.uid, resourceVersion }, gracePeriodSeconds }]", "operations: [{ kind: 'delete', target: ref, preconditions: { uid: ref.uid, resourceVersion }, gracePeriodSeconds: 1 } as never]"),
  unguarded(bug('dry-run-acts', 'a dry run is followed by the act', ACTION, 'spec.dryRun ? [true] : [true, false]', '[true, false]')),
  bug('dry-run-flag-lost', 'what is to be tried out is done', WRITER, '      dryRun,\n', '      dryRun: false,\n'),

  // Before a write.
  bug('reads-once', 'the last look before a write shows what was there at the first one', READER, '      return await this.#options.api.get<T>(resource, key)', '      const seen = ((this.#options as unknown as { seen?: Map<string, T> }).seen ??= new Map<string, T>())\n      const known = `${resource.plural} ${key.namespace}/${key.name}`\n      if (!seen.has(known)) seen.set(known, await this.#options.api.get<T>(resource, key))\n      return seen.get(known)'),
  aimed('recreated', bug('stale-look', 'a look is never too old to write by', ACTION, 'attempt.lookAge() > LOOK_LIFETIME', 'false')),
  aimed('forbidden', bug('ground-not-looked-at', 'what a policy says is not looked at again just before a write', ACTION, '!answers.held || answers.moved !== undefined', '!answers.held')),
  aimed('recreated', bug('other-object', 'a recreated object of the same name is taken for the one that was judged', RECHECK, 'target.ref.uid !== spec.targetResource.uid', 'false')),
  aimed('forbidden', bug('mode-not-looked-at', 'a policy that was set to dryrun meanwhile still acts', RECHECK, "const sameMode = spec.dryRun ? policy.mode === 'dryrun' : policy.mode === 'automatic' || policy.mode === 'manual'", 'const sameMode = true')),
  aimed('forbidden', bug('kill-switch-unread', 'the kill switch is seen by the watch only', READER, 'return (await answered(this.#get(CONFIG_MAPS, { namespace: operatorNamespace, name: KILL_SWITCH }))) !== undefined', 'return operatorNamespace === KILL_SWITCH')),
  aimed('forbidden', bug('opt-out-ignored', 'what has opted out is healed all the same', GUARDS, "return by === undefined ? undefined : { reason: 'OptedOut'", "return by !== 'nobody' ? undefined : { reason: 'OptedOut'")),
  aimed('forbidden', bug('protection-ignored', 'what a policy protects is healed by it', GUARDS, "return by === undefined ? undefined : { reason: 'Protected'", "return by === undefined || by.name !== '' ? undefined : { reason: 'Protected'")),
  aimed('approvals', bug('approval-not-awaited', 'what waits for a person is done without', 'controller/reconcilers/approval.ts', "      return { kind: 'NotYet', result: { requeueAfter: millis(Math.max(50, between(now, approval.until))) } }", "      return { kind: 'Granted', action }")),
  aimed('approvals', bug('approval-never-too-late', 'an approval counts after its deadline', 'controller/healing/approval.ts', "  if (until === undefined || now >= until) return { kind: 'Expired' }", "  if (until === undefined) return { kind: 'Expired' }")),
  bug('write-repeated-blind', 'a write without an answer is sent again at once', ACTION, '        const result = await writer.write(operation, { act: action, dryRun })', "        let result = await writer.write(operation, { act: action, dryRun })\n        if (result.kind === 'Unknown') result = await writer.write(operation, { act: action, dryRun })"),
  bug('lost-answer-forgotten', 'what a lost answer may have done is not looked for', ACTION, 'const doubt = begun !== undefined && mayHaveWritten(found) ?', 'const doubt = begun === now && mayHaveWritten(found) ?'),

  // The ledger.
  bug('slot-not-reserved', 'an act goes without confirming its slot', ACTION, '      const full = await this.#reserve(found, policy, view.world.installation, { now, deadline })', '      const full = now < 0 ? await this.#reserve(found, policy, view.world.installation, { now, deadline }) : undefined'),
  bug('slot-not-marked', 'a slot is not marked as tried before its write, so that a successor may take it for unused', LEDGER, '{ ...held, tried: true, reservedAt:', '{ ...held, reservedAt:'),
  aimed('ladders', unguarded(bug('settled-before-act', 'a slot is settled before its act', LEDGER, '{ ...held, tried: true, reservedAt:', "{ ...held, tried: true, state: 'Settled', outcome: 'Effective', settledAt: formatInstant(now), reservedAt:"))),
  aimed('hours', bug('hour-of-minutes', 'the sliding hour has two minutes', 'controller/healing/budget.ts', 'export const WINDOW = hours(1)', 'export const WINDOW = hours(1 / 30)')),
  aimed('hours', bug('limit-one-too-many', 'the limit of an hour admits one more', LIMITS, 'askBudget(entries, maxActionsPerHour, now)', 'askBudget(entries, maxActionsPerHour + 1, now)')),
  aimed('hours', bug('settled-slot-freed', 'what has ended does not count for its hour any more', 'controller/healing/budget.ts', 'export function counts(entry: Entry, now: Instant, window: Millis = WINDOW): boolean {\n', "export function counts(entry: Entry, now: Instant, window: Millis = WINDOW): boolean {\n  if (entry.state === 'Settled') return false\n")),
  aimed('hours', bug('cooldown-ignored', 'a workload is healed again before it has cooled down', 'controller/healing/incidents.ts', 'if (cooldownUntil === undefined || isPast(cooldownUntil, now)) return undefined', 'if (now > 0 || cooldownUntil === undefined || isPast(cooldownUntil, now)) return undefined')),
  aimed('ladders', bug('rung-counted-twice', 'two failures of one rung count as two rungs', 'controller/healing/incidents.ts', 'const next = Math.max(incident.rung, rung + 1)', 'const next = incident.rung + 1')),
  aimed('spoilt', bug('corrupt-ledger-empty', 'a ledger that cannot be read is taken for an empty one', 'controller/adapters/ledger-slots.ts', '  if (problem !== undefined) throw new LedgerUnreadable(`ledger ${name} is malformed at ${problem}`)', '  if (problem !== undefined) return (arguments[0] as Slot<Held>).empty')),
  aimed('spoilt', bug('corrupt-ledger-believed', 'a ledger is not checked before it is believed', 'controller/adapters/ledger-slots.ts', '  if (issue !== undefined) return `${issue.path}: ${issue.message}`', '')),
  bug('shared-limit-one-too-many', 'what policies share admits one more', SHARED, 'if (counted.length < limit) return undefined', 'if (counted.length <= limit) return undefined'),
  bug('cluster-not-asked', 'only the namespace is asked for its share, and not the cluster', SHARED, ", { scope: 'Cluster' }]", ']'),
  aimed('rivals', unguarded(bug('last-writer-wins', 'a ledger is written over whoever has changed it', 'controller/adapters/ledger-store.ts', '{ ...manifest, metadata: { ...manifest.metadata, ...stored.version } }', '{ ...manifest, metadata: { ...manifest.metadata, ...(await api.get<HealingLedger>(HEALING_LEDGERS, this.#key(name)).then(({ metadata: { uid, resourceVersion } }) => ({ uid, resourceVersion }))) } }'))),
  {
    id: 'breaker-asked-nowhere', title: 'an open breaker stops nothing',
    edits: [
      { file: LIMITS, find: "  if (answer.kind !== 'Refused') return undefined\n", replace: "  if (answer.kind !== 'Refused' || now > 0) return undefined\n" },
      { file: LIMITS, find: "breaker.state === 'Closed' || breaker.probe === action ?", replace: "breaker.state !== undefined || breaker.probe === action ?" },
    ],
  },
  aimed('ladders', unguarded(bug('breaker-not-asked-late', 'what was decided before the breaker opened is done after it', LIMITS, "breaker.state === 'Closed' || breaker.probe === action ?", "breaker.state !== undefined || breaker.probe === action ?"))),
  aimed('ladders', bug('two-probes', 'a half-open breaker admits one probe after another', 'controller/healing/breaker.ts', "return breaker.probe === undefined ? { kind: 'Probe' } : { kind: 'Refused' }", "return { kind: 'Probe' }")),
  {
    id: 'backlog-replayed', title: 'what was decided piles up while the breaker is open, and all of it goes when it is half-open or closed', profile: 'ladders',
    edits: [
      { file: LEDGER, find: '  const late = refuseLate(ledger, action)\n  if (late !== undefined) return { refusal: late }\n', replace: "  const late = refuseLate(ledger, action)\n  if (late !== undefined && ledger.breaker.state === 'Open') return { refusal: late }\n" },
      { file: ACTION, find: 'if (!FULL.has(reason) || spec.approvalRequired !== true) {', replace: 'if (!FULL.has(reason)) {' },
    ],
  },
  bug('pod-is-its-own-subject', 'an incident belongs to a pod and not to its workload: a replacement begins anew', 'controller/healing/owners.ts', '    subject = { ...owner, namespace: object.ref.namespace }\n', ''),

  bug('evidence-lost', 'a decision does not say what was seen', 'controller/healing/evaluate.ts', 'evidence: finding.seen === undefined ? finding.evidence :', "evidence: finding.seen !== -1 ? '' :"),
  bug('since-in-the-future', 'a decision says that its trigger fires since later', 'controller/healing/evaluate.ts', '      since: formatInstant(finding.since),\n      evidence', '      since: formatInstant((finding.since + 600_000) as typeof finding.since),\n      evidence'),

  // Times.
  {
    id: 'budgets-ignored', title: 'nobody asks the budgets of a policy beside its hour',
    edits: [{ file: 'controller/healing/budget.ts', find: 'if (admitted) continue', replace: 'if (admitted || per > 0) continue' }],
  },
  {
    id: 'schedules-ignored', title: 'nobody asks the schedules of a policy',
    edits: [{ file: GUARDS, find: '({ schedule }, _proposal, { now }) => schedule(now)', replace: '() => undefined' }, { file: ACTION, find: 'answers.stop ?? policy?.schedule(now)', replace: 'answers.stop' }],
  },
  // Endings, and quiet.
  aimed('recreated', bug('never-gives-up', 'an act that cannot be done is tried for ever', ACTION, 'if (now >= deadline) return giveUp', 'if (now < 0) return giveUp')),
  {
    id: 'verified-for-ever', title: 'a verification without a result never ends', profile: 'ladders',
    edits: [
      { file: 'controller/reconcilers/verification.ts', find: "clock.now() < end ? { requeueAfter: seconds(5) }", replace: "clock.now() < after(end, minutes(600)) ? { requeueAfter: seconds(5) }" },
      { file: 'controller/healing/verify.ts', find: 'const deadline = after(input.actedAt, healthCheckTimeout)', replace: 'const deadline = after(after(input.actedAt, minutes(600)), healthCheckTimeout)' },
    ],
  },
  aimed('rivals', bug('failures-dropped', 'what failed is not worked on again', 'shared/runtime/reconcile-loop.ts', 'const delay = queue.retry(key)\n', 'const delay = 0\n')),
  aimed('metrics', bug('stale-metrics-believed', 'a metric that is missing for an hour is taken for the last one', 'controller/healing/metrics.ts', 'export const TICKS_OF_GRACE = 2.5', 'export const TICKS_OF_GRACE = 250')),
  bug('status-written-always', 'a policy writes its status whether it has changed or not', 'controller/reconcilers/healing-policy.ts', '    if (sameJson(status, stored.status)) return\n', ''),
]
