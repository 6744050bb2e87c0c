import { expect } from 'chai'
import { ClusterError } from './errors.ts'
import { cacheDir, stateDir } from './paths.ts'

describe('the directories of the harness', () => {
  it('follow its own variables first, then the desktop standard, then the home directory', () => {
    const env = { HOME: '/home/me', XDG_CACHE_HOME: '/caches', KUBESKIPPY_CACHE: '/here/' }
    expect(cacheDir(env)).to.equal('/here')
    expect(cacheDir({ ...env, KUBESKIPPY_CACHE: '' })).to.equal('/caches/kubeskippy')
    expect(cacheDir({ HOME: '/home/me', XDG_CACHE_HOME: '' })).to.equal('/home/me/.cache/kubeskippy')
  })

  it('are short and for all checkouts where root starts clusters', () => {
    expect(stateDir({ HOME: '/root' }, true)).to.equal('/var/lib/kubeskippy')
    expect(stateDir({ HOME: '/home/me' }, false)).to.equal('/home/me/.local/state/kubeskippy')
    expect(stateDir({ KUBESKIPPY_STATE: '/s' }, true)).to.equal('/s')
  })

  it('are never relative', () => {
    expect(() => cacheDir({ KUBESKIPPY_CACHE: 'cache' })).to.throw(ClusterError, 'set it to an absolute path')
  })
})
