import { expect } from 'chai'
import type { Resource } from './api.ts'
import { isApiError } from './errors.ts'
import { collectionPath, createPath, deleteBody, describeRequest, identityHeaders, listQuery, objectPath, query, RESOURCE_VERSION, watchQuery, writeQuery } from './paths.ts'
import { DEPLOYMENTS, NAMESPACES, PODS, ROLE_BINDINGS } from './resources.ts'

const refuses = (run: () => unknown): void => {
  let error: unknown
  try {
    run()
  } catch (thrown) {
    error = thrown
  }
  expect(isApiError(error, 'BadRequest'), 'refused').to.equal(true)
}

describe('paths of the API', () => {
  const cases: readonly (readonly [string, string])[] = [
    [collectionPath(PODS, undefined, ''), '/api/v1/pods'],
    [collectionPath(PODS, 'shop', ''), '/api/v1/namespaces/shop/pods'],
    [collectionPath(DEPLOYMENTS, 'shop', ''), '/apis/apps/v1/namespaces/shop/deployments'],
    [objectPath(PODS, { namespace: 'shop', name: 'cart-1' }, 'eviction', ''), '/api/v1/namespaces/shop/pods/cart-1/eviction'],
    [objectPath(NAMESPACES, { name: 'shop' }, undefined, ''), '/api/v1/namespaces/shop'],
    [objectPath(ROLE_BINDINGS, { namespace: 'shop', name: 'system:a b' }, undefined, ''), '/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings/system%3Aa%20b'],
    [createPath(NAMESPACES, undefined, ''), '/api/v1/namespaces'],
    [describeRequest('POST', PODS, { namespace: 'shop', name: 'cart-1' }, 'eviction'), 'POST pods/eviction shop/cart-1'],
    [describeRequest('LIST', PODS, { namespace: undefined }), 'LIST pods'],
    [query({ a: undefined, b: 'x y', c: true, d: 0 }), '?b=x+y&c=true&d=0'],
    [query({}), ''],
    [listQuery({ labelSelector: 'a in (b)', limit: 500 }), '?labelSelector=a+in+%28b%29&limit=500'],
    [listQuery({ exactVersion: '7' }), '?resourceVersion=7&resourceVersionMatch=Exact'],
    [watchQuery({ resourceVersion: '7', timeoutSeconds: 300 }), '?watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300'],
  ]
  for (const [actual, expected] of cases) it(`are ${expected === '' ? 'empty without parameters' : expected}`, () => expect(actual).to.equal(expected))

  for (const name of ['', '.', '..', 'a/b', 'a%2fb']) {
    it(`refuse the name "${name}": empty is never all, and nothing leaves its segment`, () => {
      refuses(() => objectPath(PODS, { namespace: 'shop', name }, undefined, ''))
      refuses(() => objectPath(PODS, { namespace: name, name: 'a' }, undefined, ''))
    })
  }

  it('refuse a namespaced object without a namespace, and a cluster-scoped one with', () => {
    refuses(() => objectPath(PODS, { name: 'a' }, undefined, ''))
    refuses(() => createPath(PODS, undefined, ''))
    refuses(() => objectPath(NAMESPACES, { namespace: 'a', name: 'a' }, undefined, ''))
  })

  it('know what a resource version is', () => {
    const words = ['1', '42', '99999999999999999999', '0', '', '01', 'abc', '-1', '1.5', ' 1', '1\n']
    expect(words.filter((word) => RESOURCE_VERSION.test(word))).to.deep.equal(['1', '42', '99999999999999999999'])
  })
})

describe('headers of identity', () => {
  const headers = (impersonate: string) => identityHeaders({ impersonate }, 'kubeskippy/1', '')

  it('impersonate a service account by its user alone', () => {
    expect(headers('system:serviceaccount:shop:kubeskippy-healer')).to.deep.equal({
      'user-agent': 'kubeskippy/1',
      'impersonate-user': 'system:serviceaccount:shop:kubeskippy-healer',
    })
  })

  for (const user of ['', 'admin', 'system:masters', 'system:serviceaccount:shop', 'system:serviceaccount:Shop:x', 'system:serviceaccount::x', 'system:serviceaccount:shop:x:y', ' system:serviceaccount:shop:x', 'system:serviceaccount:shop:x\n']) {
    it(`refuse to impersonate ${JSON.stringify(user)}`, () => refuses(() => headers(user)))
  }

  it('refuse a user agent that would break the header', () => refuses(() => identityHeaders({ userAgent: 'a\r\nb: c' }, '', '')))
})

describe('bodies and queries of writes', () => {
  const resource: Resource = PODS
  it('ask for a dry run in the body of a delete, where a server looks for it', () => {
    expect(deleteBody({ dryRun: true }, resource.plural)).to.deep.include({ dryRun: ['All'] })
    expect(writeQuery({ dryRun: true }, '')).to.deep.include({ dryRun: 'All' })
  })

  it('refuse a force delete and empty preconditions', () => {
    refuses(() => deleteBody({ gracePeriodSeconds: 0 }, ''))
    refuses(() => deleteBody({ preconditions: { uid: '', resourceVersion: '1' } }, ''))
    refuses(() => deleteBody({ preconditions: { uid: 'a', resourceVersion: '0' } }, ''))
  })

  it('refuse a field manager that is longer than 128 characters or not printable', () => {
    expect(writeQuery({ fieldManager: 'x'.repeat(128) }, '')['fieldManager']).to.have.length(128)
    refuses(() => writeQuery({ fieldManager: 'x'.repeat(129) }, ''))
    refuses(() => writeQuery({ fieldManager: 'a\n' }, ''))
  })
})
