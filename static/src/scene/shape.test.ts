import { expect, it } from 'vitest'
import { shapeFault } from './shape'

const of = (value: unknown) => {
  const fault = shapeFault(value)
  return fault && `${fault.path.join('.')} ${fault.reason}`
}
it('finds nothing in a scene', () => {
  const inner = [{ name: 'a', request: { url: '/' } }]
  expect(of({ name: 'x', setup: [], steps: [...inner, { type: 'if', condition: { variable: 'a' }, steps: inner, otherwise: [] }, { type: 'choice', options: [{ weight: 1, steps: inner }] }] })).toBeNull()
  expect(of({ steps: [{ type: 'think', think_time: null, condition: null }] })).toBeNull()
})
it('names what could not be shown', () => {
  expect(of([1])).toBe(' object')
  expect(of({ name: 5 })).toBe('name text')
  expect(of({ steps: 5 })).toBe('steps list')
  expect(of({ steps: null })).toBe('steps list')
  expect(of({ steps: ['a'] })).toBe('steps.0 object')
  expect(of({ steps: [{ type: 'nothing' }] })).toBe('steps.0.type kind')
  expect(of({ steps: [{ type: 'group', steps: [{ request: '/' }] }] })).toBe('steps.0.steps.0.request object')
  expect(of({ teardown: [{ checks: {} }] })).toBe('teardown.0.checks list')
  expect(of({ steps: [{ type: 'choice', options: [{ weight: 1, steps: {} }] }] })).toBe('steps.0.options.0.steps list')
})
