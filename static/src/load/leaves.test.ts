import { expect, it } from 'vitest'
import { changedLeaves } from './leaves'

const stages = (...targets: number[]) => ({ name: 'Peak', config: { stages: targets.map((target) => ({ duration: 30, target })) } })

it('names the leaf that was typed into', () => {
  expect(changedLeaves(stages(20, 60), stages(20, 61))).toEqual(['config.stages.1.target'])
  expect(changedLeaves(stages(20, 60), { ...stages(20, 60), name: 'P' })).toEqual(['name'])
})
it('names all leaves of a change of several', () => {
  expect(changedLeaves(stages(20, 60), stages(21, 59))).toEqual(['config.stages.0.target', 'config.stages.1.target'])
})
it('finds nothing in what says the same', () => {
  expect(changedLeaves(stages(20), stages(20))).toEqual([])
})
it('knows another length, other keys and another kind of value from a typed one', () => {
  expect(changedLeaves(stages(20), stages(20, 60))).toBeNull()
  expect(changedLeaves({ a: 1 }, { a: 1, b: 2 })).toBeNull()
  expect(changedLeaves({ a: 1 }, { b: 1 })).toBeNull()
  expect(changedLeaves({ a: [1] }, { a: null })).toBeNull()
})
