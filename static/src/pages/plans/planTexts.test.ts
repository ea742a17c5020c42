import { expect, it } from 'vitest'
import { carriedOver } from './planTexts'

const plan = (rows: unknown, source = 'pool', users = 1) => ({ name: 'Peak', scenes: [], config: { concurrent_users: users, data_source_type: source, data_config: { rows } } })
const PATH = 'config.data_config.rows'
const broken = (sound: string) => new Map([[PATH, { text: '[{', fault: 'Line 1, column 3', sound }]])

it('stays while other fields are edited', () => {
  const texts = broken('[]')
  expect(carriedOver(texts, plan([], 'pool', 2), plan([]))).toBe(texts)
})
it('goes when its value is set elsewhere', () => {
  expect(carriedOver(broken('[]'), plan([{ user: 'ann' }]), plan([])).size).toBe(0)
})
it('goes with its data source', () => {
  expect(carriedOver(broken(''), plan(undefined, 'csv'), plan(undefined)).size).toBe(0)
})
