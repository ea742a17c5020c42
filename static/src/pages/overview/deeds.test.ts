import { describe, expect, it } from 'vitest'
import { deedsOf, type Things } from './deeds'

const NONE: Things = { runs: [], scenes: [], plans: [], files: [], envs: [], presets: [], members: [] }
const made = { created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', updated_by: 'ann' }
const changed = { ...made, updated_at: '2026-01-02T00:00:00Z', updated_by: 'wu' }
const member = { project_id: 1, user_id: 2, username: 'wu', role: 'editor' as const }
const said = (things: Partial<Things>) => deedsOf(1, { ...NONE, ...things }).map(({ who, says, values }) => `${who} ${says.slice('pages.overview.did.'.length)} ${Object.values(values).join(' ')}`)

describe('deedsOf', () => {
  it('names who made and who changed each kind of thing, the latest first', () => {
    expect(said({ presets: [{ id: 1, name: 'small', ...made }] })).toEqual(['ann made.preset small'])
    expect(said({ envs: [{ id: 1, name: 'a', ...made }, { id: 2, name: 'b', ...changed }] })).toEqual(['wu env b', 'ann made.env a'])
    expect(said({ files: [{ id: 1, name: 'u.csv', ...changed }] })).toEqual(['wu file u.csv'])
    expect(said({ envs: [{ id: 1, name: 'old', ...made, updated_by: null }] })).toEqual(['null made.env old'])
  })
  it('tells members who were added, joined, got another role, and leaves out those of before', () => {
    expect(said({ members: [{ ...member, ...made }] })).toEqual(['ann made.member wu editor'])
    expect(said({ members: [{ ...member, ...made, updated_by: 'wu' }] })).toEqual(['wu joined wu editor'])
    expect(said({ members: [{ ...member, ...changed, updated_by: 'ann' }] })).toEqual(['ann member wu editor'])
    expect(said({ members: [{ ...member, created_at: null, updated_at: null, updated_by: null }] })).toEqual([])
  })
})
