import { describe, expect, it } from 'vitest'
import { ticks } from './scales'

describe('ticks', () => {
  it('are round, and about as many as wanted', () => {
    expect(ticks(6.6, 3)).toEqual([0, 2.5, 5])
    expect(ticks(1.1, 3)).toEqual([0, 0.5, 1])
    expect(ticks(70, 3)).toEqual([0, 25, 50])
  })
  it('of counts are whole', () => {
    expect(ticks(6.6, 3, true)).toEqual([0, 5])
    expect(ticks(1.1, 3, true)).toEqual([0, 1])
    expect(ticks(2.2, 3, true)).toEqual([0, 1, 2])
    expect(ticks(70, 3, true)).toEqual([0, 25, 50])
  })
})
