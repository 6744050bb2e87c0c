import { expect } from 'chai'
import { serverVersionOf } from './server-version.ts'

describe('the version of an API server', () => {
  for (const [answer, minor] of [
    [{ gitVersion: 'v1.36.3' }, 36],
    [{ gitVersion: 'v1.35.9-gke.1' }, 35],
    [{ gitVersion: '1.30' }, 30],
    [{ gitVersion: 'v1.36.3', emulationMajor: '1', emulationMinor: '35' }, 35],
    [{ gitVersion: 'v1.36.3', emulationMajor: '1', emulationMinor: '36' }, 36],
    [{ gitVersion: 'v1.36.3', emulationMajor: '', emulationMinor: '' }, 36],
    [{ gitVersion: 'v2.0.1' }, Number.POSITIVE_INFINITY],
    [{ gitVersion: 'unknown' }, undefined],
    [{}, undefined],
  ] as const) {
    it(`of ${JSON.stringify(answer)} is that of 1.${minor}`, () => expect(serverVersionOf(answer)).to.deep.equal({ name: 'gitVersion' in answer ? answer.gitVersion : '', minor }))
  }
})
