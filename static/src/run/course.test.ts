import { describe, expect, it } from 'vitest'
import { after, courseOf, levelAt } from './course'
import type { Planned, RunEvent } from './frames'

const planned: Planned = { duration: 100, end: 1100, iterations: null, iterations_scope: null, min: 0, max: 100, moves: false, points: [{ t: 0, level: 0 }, { t: 50, level: 100 }, { t: 100, level: 100 }] }
const change: RunEvent = { event: 'load', timestamp: 1025, time: '', elapsed: 20, variable: 'arrival_rate', level: 60, by: 'admin' }

describe('the load still to come', () => {
  it('is the rest of the planned curve, put off by what pauses have cost', () => {
    // 25 s of the profile have passed in 30 s.
    expect(courseOf(planned, [], 'arrival_rate', 1030, 25)).toEqual({ ahead: [[1030, 50], [1055, 100], [1105, 100]], before: [], end: 1105 })
  })

  it('is what was set by hand to the end, with the old plan beside it', () => {
    const course = courseOf(planned, [change], 'arrival_rate', 1030, 25)
    expect(course.ahead).toEqual([[1030, 60], [1105, 60]])
    expect(course.before).toEqual([[1025, 40], [1055, 100], [1105, 100]])
  })

  it('knows levels between points and after a jump', () => {
    const jump: [number, number][] = [[0, 10], [5, 10], [5, 30], [9, 30]]
    expect(levelAt(jump, 4)).toBe(10)
    expect(levelAt(jump, 5)).toBe(30)
    expect(after(jump, 9)).toEqual([])
  })
})
