import { expect } from 'chai'
import { ACTS_ON } from '../shared/api/v1alpha1/action-kinds.ts'
import type { ActionTemplate } from '../shared/api/v1alpha1/types.ts'
import { everyWriteOf, permissionsOf } from '../shared/rules/action-writes.ts'
import { MOST_QUESTIONS, rightsValidations, rightsVariables } from './policy-rights.ts'

const asked = [...rightsVariables.rights.matchAll(/\['([^']+)'/g)].map(([, right]) => right)

describe('rights that the admission policy asks for', () => {
  it('are all that actions write', () => {
    const written = permissionsOf((Object.keys(ACTS_ON) as ActionTemplate['type'][]).flatMap(everyWriteOf))
    expect(written).to.have.length.above(10)
    for (const { verb, apiGroup, resource } of written) expect(asked).to.include(`${verb}/${apiGroup}/${resource.includes('/') ? resource : `${resource}/`}`)
  })
  it('are asked for whole in one namespace, one in each validation', () => {
    expect(asked).to.have.length.at.most(MOST_QUESTIONS)
    expect(rightsValidations).to.have.lengthOf(MOST_QUESTIONS)
    for (const { expression } of rightsValidations) expect(expression.split('.check(')).to.have.lengthOf(2)
  })
})
