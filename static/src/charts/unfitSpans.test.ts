import { describe, expect, it } from 'vitest'
import { drawnPauses, drawnSpans } from './unfitSpans'

const X = (time: number) => time / 4
const spans = (count: number, every: number) => Array.from({ length: count }, (_, at) => ({ from: at * every, to: at * every + 1, kind: 'lag' as const }))

describe('unfit spans as they are drawn', () => {
  it('have a least width that one sees', () => {
    expect(drawnSpans(spans(1, 1), X, [0, 900], 8)).toEqual([{ from: -3.875, to: 4.125, kind: 'lag' }])
  })

  it('leave what lies between them to be seen where there are many', () => {
    const drawn = drawnSpans(spans(100, 20), X, [0, 900], 8)
    expect(drawn).toHaveLength(100)
    expect(drawn.every(({ from, to }) => to - from === 2)).toBe(true)
  })

  it('are one where they touch, and of one kind', () => {
    expect(drawnSpans(spans(50, 4), X, [0, 900], 8)).toHaveLength(1)
    const lost = { from: 2, to: 4, kind: 'lost' as const }
    expect(drawnSpans([...spans(1, 1), lost], X, [0, 900], 8).map(({ kind }) => kind)).toEqual(['lag', 'lost'])
  })

  it('are those in view', () => {
    expect(drawnSpans(spans(100, 40), X, [500, 520], 8)).toHaveLength(3)
  })
})

describe('pauses as they are drawn', () => {
  it('have two edges, however short they are', () => {
    expect(drawnPauses([{ from: 8, to: 8.5 }, { from: 20, to: 60 }], X, 3)).toEqual([{ from: 0.5625, to: 3.5625 }, { from: 5, to: 15 }])
  })
})
