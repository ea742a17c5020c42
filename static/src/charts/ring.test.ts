import { describe, expect, it } from 'vitest'
import { ringParts } from './ring'

describe('a picture in a ring', () => {
  it('that has not moved is whole', () => {
    expect(ringParts(100, 0)).toEqual([{ from: 0, at: 0, columns: 100 }])
    expect(ringParts(100, 0, 90)).toEqual([{ from: 90, at: 90, columns: 10 }])
  })

  it('that has moved is in two parts', () => {
    expect(ringParts(100, 30)).toEqual([{ from: 0, at: 30, columns: 70 }, { from: 70, at: 0, columns: 30 }])
    expect(ringParts(100, 30, 60)).toEqual([{ from: 60, at: 90, columns: 10 }, { from: 70, at: 0, columns: 30 }])
  })

  it('has what is new where the oldest was', () => {
    expect(ringParts(100, 3, 97)).toEqual([{ from: 97, at: 0, columns: 3 }])
  })
})
