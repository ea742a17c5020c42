import { describe, expect, it } from 'vitest'
import { breaches, limitsOf } from './breach'
import type { LevelRow } from './frames'

const ROW: LevelRow = { level: 9, seconds: 3, requests: 100, errors: 2, error_rate: 2, rps: 30, avg: 5, p50: 4, p95: 320, p99: 600 }

describe('figures of a level that miss a limit', () => {
  it('are judged by the search and by thresholds about all requests', () => {
    const limits = limitsOf(['p95 < 300', 'p99{order} < 1', 'rps >= 20', 'check_rate >= 99'], 1)
    expect([...breaches(ROW, limits)].toSorted()).toEqual(['error_rate', 'p95'])
  })

  it('are none at the limit of the search, and none without a limit', () => {
    expect([...breaches({ ...ROW, error_rate: 1 }, limitsOf([], 1))]).toEqual([])
    expect([...breaches(ROW, limitsOf([], null))]).toEqual([])
  })

  it('are none where nothing came back', () => {
    expect([...breaches({ ...ROW, requests: 0, error_rate: 0, rps: 0, p95: null }, limitsOf(['rps > 1', 'p95 < 1'], 1))]).toEqual([])
  })
})
