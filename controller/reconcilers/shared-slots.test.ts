import { expect } from 'chai'
import { instant, minutes, seconds, type Instant } from '../../shared/lib/time.ts'
import { DEFAULT_INSTALLATION } from '../healing/installation.ts'
import { emptyBudget, type BudgetScope, type SharedBudget } from '../healing/shared-budget.ts'
import type { Admit, Ledgers } from '../ports/ledgers.ts'
import { takeSlots } from './shared-slots.ts'

const NOW = instant(0)
const ASK = { action: 'cart-1', policy: { namespace: 'shop', name: 'cart' }, target: 'shop', claim: { subject: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'cart', uid: 'u' }, until: instant(minutes(10)) } }
const INSTALLATION = { ...DEFAULT_INSTALLATION, budgets: { namespace: 5, cluster: 1 } }

/** What both controllers see, with no watch between them. */
class Shelf implements Pick<Ledgers, 'admitBudget' | 'updateBudget'> {
  readonly held = new Map<string, SharedBudget>()

  async admitBudget(scope: BudgetScope, change: Admit<SharedBudget>): Promise<ReturnType<Admit<SharedBudget>>> {
    const answer = change(this.held.get(scope.scope) ?? emptyBudget(scope))
    if ('ledger' in answer) this.held.set(scope.scope, answer.ledger)
    return answer
  }

  async updateBudget(scope: BudgetScope, change: (budget: SharedBudget) => SharedBudget): Promise<SharedBudget> {
    const changed = change(this.held.get(scope.scope) ?? emptyBudget(scope))
    this.held.set(scope.scope, changed)
    return changed
  }

  acts(scope: BudgetScope['scope']): readonly string[] {
    return this.held.get(scope)?.acts.map(({ action }) => action) ?? []
  }
}

const other = (at: Instant): SharedBudget => ({ scope: 'Cluster', acts: [{ action: 'bank-1', policy: { namespace: 'bank', name: 'till' }, reservedAt: new Date(at).toISOString() }] })

describe('slots of what policies share', () => {
  it('are all given back when one is refused', async () => {
    const shelf = new Shelf()
    shelf.held.set('Cluster', other(NOW))
    expect(await takeSlots(shelf, ASK, INSTALLATION, NOW)).to.include({ reason: 'BudgetExhausted' })
    expect(shelf.acts('Namespace')).to.deep.equal([])
  })

  for (const [when, later] of [['later', NOW + seconds(1)], ['in the same millisecond', NOW], ['by a clock that is behind', NOW - seconds(1)]] as const) {
    it(`stay with the controller that has all of them, when another one, refused, had taken the first: ${when}`, async () => {
      const shelf = new Shelf()
      shelf.held.set('Cluster', other(NOW))
      // Refused by what the cluster's one slot holds; by the time it gives back, that is free, and the second controller has it.
      const refused = takeSlots({
        admitBudget: (scope, change) => shelf.admitBudget(scope, change),
        updateBudget: async (scope, change) => {
          shelf.held.set('Cluster', emptyBudget({ scope: 'Cluster' }))
          expect(await takeSlots(shelf, ASK, INSTALLATION, instant(later))).to.equal(undefined)
          return shelf.updateBudget(scope, change)
        },
      }, ASK, INSTALLATION, NOW)
      expect(await refused).to.include({ reason: 'BudgetExhausted' })
      expect([shelf.acts('Namespace'), shelf.acts('Cluster')]).to.deep.equal([['cart-1'], ['cart-1']])
    })
  }
})
