import { describe, expect, it } from 'vitest'
import type { LevelRow } from './frames'
import { SearchStory } from './search'

function row(level: number, phase: string, verdict: LevelRow['verdict'], seconds = 3): LevelRow {
  return { level, phase, verdict, seconds, requests: 1, errors: 0, error_rate: 0, rps: level, avg: 1, p50: 1, p95: 1, p99: 1 }
}
function told(rows: LevelRow[]): SearchStory {
  const story = new SearchStory()
  story.begin({ variable: 'arrival_rate', value: null, low: null, high: null, evidence: rows, recovered: null, complete: false }, 'error_rate')
  return story
}

describe('a search as a story', () => {
  const story = told([row(60, 'raise', 'good'), row(100, 'raise', 'good'), row(180, 'raise', 'bad', 1), row(70, 'recover', 'good', 2), row(140, 'bisect', 'good'), row(160, 'bisect', 'bad'), row(70, 'recover', 'good'), row(140, 'confirm', 'good'), row(160, 'recheck', 'bad')])

  it('has its levels end to end with the bracket after each', () => {
    expect(story.levels().map(({ from, to, low, high }) => [from, to, low, high])).toEqual([
      [0, 3, 60, null], [3, 6, 100, null], [6, 7, 100, 180], [7, 9, 100, 180], [9, 12, 140, 180], [12, 15, 140, 160], [15, 18, 140, 160], [18, 21, 140, 160], [21, 24, 140, 160],
    ])
  })

  it('has chapters, in which resting belongs to the level before it', () => {
    expect(story.chapters().map((chapter) => [chapter.phase, chapter.levels.length])).toEqual([['raise', 4], ['bisect', 3], ['confirm', 2]])
  })

  it('tells how long the target took to recover', () => {
    expect(story.recoveries()).toEqual([{ level: 180, seconds: 2, recovered: true }, { level: 160, seconds: 3, recovered: true }])
  })

  it('forgets a verdict that a better look refuted', () => {
    const last = told([row(100, 'raise', 'good'), row(150, 'raise', 'bad'), row(160, 'bisect', 'good')]).levels().at(-1)!
    expect([last.low, last.high]).toEqual([160, null])
  })

  it('goes on with rows that come while it runs', () => {
    const live = told([])
    live.take(row(60, 'raise', 'good'), { low: 60, high: null, value: 60 }, false)
    expect(live.levels()).toHaveLength(1)
    expect(live.found).toMatchObject({ low: 60, complete: false })
  })
})
