import { describe, expect, it } from 'vitest'
import type { TraceRow } from './frames'
import { bandEdges, markedRows, rowAt } from './held'
import { SearchStory } from './search'

const row = (elapsed: number, measured: number | null, next: number | null = null): TraceRow => ({ elapsed, level: 10, measured, smoothed: measured, elasticity: null, next })
const trace = Array.from({ length: 1000 }, (_, i) => row(i + 1, i === 500 ? 400 : 200))

describe('the band around a target', () => {
  it('reaches as many times below as above', () => {
    expect(bandEdges(100, 25)).toEqual([80, 125])
    expect(bandEdges(100, 100)).toEqual([50, 200])
  })
})

describe('the rows of a trace that are marked', () => {
  it('are all that were measured where there is room', () => {
    const few = [row(1, 100), row(2, null), row(3, 120)]
    expect(markedRows(few, 100, 2)).toEqual([few[0], few[2]])
  })
  it('are the worst of each stretch where there are more', () => {
    const marked = markedRows(trace, 200, 60)
    expect(marked).toHaveLength(60)
    expect(marked.filter((one) => one.measured === 400).map((one) => one.elapsed)).toEqual([501])
    expect(marked.map((one) => one.elapsed)).toEqual(marked.map((one) => one.elapsed).toSorted((a, b) => a - b))
  })
})

describe('the row at a moment', () => {
  it('is the one whose second it lies in, and none outside', () => {
    expect([-1, 0.5, 1.5, 1000, 1000.5].map((moment) => rowAt(trace, 0, moment))).toEqual([null, 0, 1, 999, null])
  })
})

describe('how often a load was moved', () => {
  const bracket = { low: null, high: null, value: null }
  const found = { variable: 'vus', value: null, low: null, high: null, recovered: null, complete: false, evidence: [row(1, 1, 12)] } as const
  function story(moves: number | undefined): SearchStory {
    const told = new SearchStory()
    told.begin({ ...found, evidence: [...found.evidence], ...(moves === undefined ? {} : { moves }) }, 'adaptive')
    return told
  }
  it('is what the service counted, and goes on from there', () => {
    const told = story(700)
    told.take(row(2, 1, 13), bracket, false)
    told.take(row(3, 1), bracket, false)
    expect(told.moves).toBe(701)
  })
  it('is counted from the beginning where the page is there from the beginning', () => {
    const told = new SearchStory()
    told.begin(null, 'adaptive')
    told.take(row(1, 1, 13), bracket, false)
    expect(told.moves).toBe(1)
  })
  it('is not known of an older report', () => {
    expect(story(undefined).moves).toBeNull()
  })
})
