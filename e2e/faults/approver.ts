/** A person who approves whatever is asked, as long as the test lasts. */
import type { KubeApi } from '../../shared/kube/api.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { HEALING_ACTIONS } from '../../shared/kube/resources.ts'
import { Follower } from './follower.ts'

/** Who the administrator of a cluster of the harness is. */
export const APPROVER = 'admin'

/** Nobody answers at once. */
const THINKS = 300

export class Approver extends Follower<HealingAction> {
  readonly #api: KubeApi

  constructor(api: KubeApi) {
    super(api, {
      resource: HEALING_ACTIONS,
      listed: (action) => this.#decide(action),
      told: (event) => (event.type === 'ADDED' || event.type === 'MODIFIED' ? this.#decide(event.object) : undefined),
    })
    this.#api = api
  }

  /** What it was asked with is there: the person has seen it. */
  async #decide({ metadata: { namespace = '', name }, spec, status }: HealingAction): Promise<void> {
    if (spec.approvalRequired !== true || spec.approval !== undefined || status?.result?.reason !== 'PendingApproval') return
    await new Promise((resolve) => void setTimeout(resolve, THINKS))
    const approval = { decision: 'Approved', reason: 'seen', decidedBy: APPROVER, decidedAt: new Date().toISOString() }
    await this.#api.patch(HEALING_ACTIONS, { namespace, name }, { type: 'merge', body: { spec: { approval } } })
  }
}
