import { describe, expect, it } from 'vitest'
import { DerivedColumns } from './derivedColumns'
import { Track } from './track'

function trackOf(values: number[]): Track {
  const track = new Track()
  values.forEach((value, at) => track.set('rps', track.push(at), value))
  return track
}

describe('derived columns', () => {
  it('compute each row once, the last one again', () => {
    const [columns, track] = [new DerivedColumns(), trackOf([1, 2, 3])]
    const rows: number[] = []
    const read = () => [...columns.column(0, track, 'rps', (row) => (rows.push(row), track.column('rps')[row]! * 2))]
    expect(read()).toEqual([2, 4, 6])
    track.set('rps', track.push(3), 4)
    expect(read()).toEqual([2, 4, 6, 8])
    expect(rows).toEqual([0, 1, 2, 2, 3])
  })

  it('are computed again when an earlier row has changed, and of something else', () => {
    const [columns, track] = [new DerivedColumns(), trackOf([1, 2, 3])]
    const read = (key: string) => [...columns.column(0, track, key, (row) => track.column(key)[row]!)]
    read('rps')
    track.set('rps', 0, 9)
    expect(read('rps')).toEqual([9, 2, 3])
    track.set('p95', 2, 5)
    expect(read('p95')).toEqual([NaN, NaN, 5])
    track.clear()
    expect(read('p95')).toEqual([])
  })
})
