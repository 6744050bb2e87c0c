/** The rights that a write needs, derived from what is written to what: nothing else is ever granted. */
import { isOneOf, ROLLOUT } from '../../shared/api/v1alpha1/action-kinds.ts'
import { knownKind } from '../../shared/api/v1alpha1/kinds.ts'
import type { Permission, WriteKind } from './action.ts'

/** undefined: a kind that we do not know has no rights of ours. */
export function permissionOf({ kind, on }: WriteKind): Permission | undefined {
  const known = knownKind(on) ?? (isOneOf([ROLLOUT], on) ? ROLLOUT : undefined)
  if (known === undefined) return undefined
  const apiGroup = known.apiVersion.includes('/') ? (known.apiVersion.split('/')[0] ?? '') : ''
  switch (kind) {
    case 'evict':
      return { apiGroup, resource: `${known.plural}/eviction`, verb: 'create' }
    case 'delete':
      return { apiGroup, resource: known.plural, verb: 'delete' }
    case 'patch':
      return { apiGroup, resource: known.plural, verb: 'patch' }
    case 'scale':
      return { apiGroup, resource: `${known.plural}/scale`, verb: 'patch' }
    default:
      return kind satisfies never
  }
}

/** Each once, in the order given. */
export function permissionsOf(writes: readonly WriteKind[]): readonly Permission[] {
  const found = new Map<string, Permission>()
  for (const permission of writes.map(permissionOf)) if (permission !== undefined) found.set(nameOfPermission(permission), permission)
  return [...found.values()]
}

/** `patch deployments.apps/scale`, for people. */
export function nameOfPermission({ apiGroup, resource, verb }: Permission): string {
  const [plural = '', ...subresource] = resource.split('/')
  return `${verb} ${[apiGroup === '' ? plural : `${plural}.${apiGroup}`, ...subresource].join('/')}`
}
