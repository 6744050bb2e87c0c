/** A person who approves whatever is asked, as long as the test lasts. */
import type { KubeApi } from '../../shared/kube/api.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { HEALING_ACTIONS } from '../../shared/kube/resources.ts'

/** Who the administrator of a cluster of the harness is. */
export const APPROVER = 'admin'

/** Nobody answers at once. */
const THINKS = 300

export class Approver {
  readonly #api: KubeApi
  readonly #aborter = new AbortController()
  #running: Promise<void> | undefined

  constructor(api: KubeApi) {
    this.#api = api
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#aborter.abort()
    await this.#running?.catch(() => {})
  }

  async #run(): Promise<void> {
    const { signal } = this.#aborter
    while (!signal.aborted) {
      try {
        const { items, resourceVersion } = await this.#api.list<HealingAction>(HEALING_ACTIONS, {})
        for (const action of items) await this.#decide(action)
        for await (const event of this.#api.watch<HealingAction>(HEALING_ACTIONS, { resourceVersion, timeoutSeconds: 600, signal })) {
          if (event.type === 'ADDED' || event.type === 'MODIFIED') await this.#decide(event.object)
        }
      } catch {
        await new Promise((resolve) => void setTimeout(resolve, 200))
      }
    }
  }

  /** What it was asked with is there: the person has seen it. */
  async #decide({ metadata: { namespace = '', name }, spec, status }: HealingAction): Promise<void> {
    if (spec.approvalRequired !== true || spec.approval !== undefined || status?.result?.reason !== 'PendingApproval') return
    await new Promise((resolve) => void setTimeout(resolve, THINKS))
    const approval = { decision: 'Approved', reason: 'seen', decidedBy: APPROVER, decidedAt: new Date().toISOString() }
    await this.#api.patch(HEALING_ACTIONS, { namespace, name }, { type: 'merge', body: { spec: { approval } } })
  }
}
