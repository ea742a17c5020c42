import { describe, expect, it } from 'vitest'
import { missingLoad } from './missing'
import type { Span } from './fit'
import { Track } from './track'

const COLUMNS = { real: 'rate', planned: 'plannedRate' }

function track(rows: [real: number | null, planned: number, dropped: number | null][]): Track {
  const made = new Track()
  rows.forEach(([real, planned, dropped], at) => {
    const row = made.push(100 + at)
    made.set('rate', row, real)
    made.set('plannedRate', row, planned)
    made.set('dropped', row, dropped)
  })
  return made
}

function missing(of: Track, lost: Span[] = [], range: [number, number] = [0, 999]) {
  return missingLoad(of, COLUMNS, lost, range)
}

describe('missing load', () => {
  it('is nothing where all was offered, however real and plan differ for a moment', () => {
    expect(missing(track([[48, 50, 0], [52, 50, 0]]), [])).toEqual([])
  })

  it('is what was dropped, seconds in a row as one', () => {
    const spans = missing(track([[50, 50, 0], [40, 50, 10], [30, 50, 20], [50, 50, 0], [45, 50, 5]]), [])
    expect(spans).toEqual([{ from: 101, to: 103, rows: [1, 2], amount: 30 }, { from: 104, to: 105, rows: [4, 4], amount: 5 }])
  })

  it('is what a lost node left of the plan', () => {
    const spans = missing(track([[50, 50, 0], [25, 50, 0], [25, 50, 0], [50, 50, 0]]), [{ from: 101, to: 103 }])
    expect(spans).toEqual([{ from: 101, to: 103, rows: [1, 2], amount: 50 }])
  })

  it('is told for what is in view', () => {
    expect(missing(track([[40, 50, 10], [40, 50, 10]]), [], [101, 102])).toEqual([{ from: 101, to: 102, rows: [1, 1], amount: 10 }])
  })

  it('goes on while the node is still lost', () => {
    const found = missing(track([[50, 50, 0], [25, 50, 0], [25, 50, 0]]), [{ from: 101, to: 103 }])
    expect(found).toEqual([{ from: 101, to: 103, rows: [1, 2], amount: 50 }])
  })

  it('is unknown in a pause', () => {
    expect(missing(track([[null, 50, null]]), [{ from: 100, to: 101 }])).toEqual([])
  })
})
