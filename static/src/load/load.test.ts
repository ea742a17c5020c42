import { describe, expect, it } from 'vitest'
import type { LoadConfig } from './config'
import { expect as expectation, iterationOf, peakFor, withTime } from './expectation'
import { changedKeys } from './changes'
import { handlesOf, withPart, withStageAdded, withStageRemoved } from './handles'
import { modeOf, withMode, withVariable, MODES } from './modes'
import { planProblems } from './problems'
import { areaOf, lengthOf, meanOf, peakOf, type Point, pointsOf } from './profile'
import { loadScale, timeScale } from './scale'
import { parseRate } from './rate'
import { shares, split } from './shares'
import { holdSketch, searchSketch } from './sketch'
import { clock, parseSpan } from './span'
import { FIRST, holds, lineOf, parseThreshold, proposedLimit, sentenceOf } from './thresholds'

/** The planned load at a time; after a jump, the new one. */
function loadAt(points: Point[], at: number): number {
  for (let i = points.length - 1; i > 0; i--) {
    const [from, to] = [points[i - 1]!, points[i]!]
    if (at >= to.at) return to.load
    if (at >= from.at) return from.load + ((to.load - from.load) * (at - from.at)) / (to.at - from.at)
  }
  return 0
}

const users: LoadConfig = { concurrent_users: 100, ramp_up_time: 20, hold_time: 60 }

describe('a profile', () => {
  it('rises to the users and holds them', () => {
    expect(pointsOf(users)).toEqual([
      { at: 0, load: 0 },
      { at: 20, load: 100 },
      { at: 80, load: 100 },
    ])
  })

  it('jumps where a stage takes no time', () => {
    const stages = [{ duration: 0, target: 50 }, { duration: 10, target: 50 }, { duration: 0, target: 10 }, { duration: 5, target: 0 }]
    const points = pointsOf({ concurrent_users: 50, execution_config: { stages } })
    expect(loadAt(points, 0)).toBe(50)
    expect(loadAt(points, 9)).toBe(50)
    expect(loadAt(points, 10)).toBe(10)
    expect(loadAt(points, 12.5)).toBe(5)
    expect(areaOf(points)).toBe(525)
  })

  it('climbs a staircase and cuts its last step at the top', () => {
    const points = pointsOf({ concurrent_users: 25, test_mode: 'step', step_users: 10, step_time: 30 })
    expect(points.map((point) => point.load)).toEqual([0, 10, 10, 20, 20, 25, 25])
    expect(lengthOf(points)).toBe(90)
    expect(peakOf(points)).toBe(25)
  })

  it('begins a staircase of arrivals at its lowest rate', () => {
    const config: LoadConfig = {
      concurrent_users: 1, test_mode: 'step', step_users: 50, step_time: 10,
      execution_config: { arrival_rate: { min: 100, max: 200 } },
    }
    expect(pointsOf(config).map((point) => point.load)).toEqual([0, 100, 100, 150, 150, 200, 200])
  })

  it('leaves out a stage that is being typed', () => {
    const stages = [{ duration: Number.NaN, target: 5 }, { duration: 10, target: 5 }]
    expect(lengthOf(pointsOf({ concurrent_users: 5, execution_config: { stages } }))).toBe(10)
  })
})

describe('modes', () => {
  it('are told from the config', () => {
    expect(modeOf(users)).toBe('users')
    expect(modeOf({ concurrent_users: 1, execution_config: { arrival_rate: 5 } })).toBe('arrivals')
    expect(modeOf({ concurrent_users: 1, execution_config: { arrival_rate: [{ duration: 1, target: 1 }] } })).toBe('stages')
    expect(modeOf({ concurrent_users: 1, test_mode: 'adaptive' })).toBe('hold')
  })

  it.each(MODES.flatMap((from) => MODES.map((to) => [from, to] as const)))('change from %s to %s', (from, to) => {
    const changed = withMode(withMode(users, from), to)
    expect(modeOf(changed)).toBe(to)
    expect(changed.concurrent_users).toBeGreaterThanOrEqual(1)
    if (changed.test_mode === 'concurrent') expect(lengthOf(pointsOf(changed))).toBeGreaterThan(0)
  })

  it('count arrivals or users', () => {
    const stair = withVariable(withMode(users, 'stair'), 'arrival_rate')
    expect(stair.execution_config?.arrival_rate).toEqual({ min: 1, max: 100 })
    expect(withVariable(stair, 'vus').execution_config?.arrival_rate).toBeUndefined()
    const staged = withVariable(withMode(users, 'stages'), 'arrival_rate')
    expect(modeOf(staged)).toBe('stages')
    expect(staged.execution_config?.stages).toBeUndefined()
  })
})

describe('a sketch', () => {
  it('closes in on the knee', () => {
    const sketch = searchSketch({ concurrent_users: 800, step_users: 100, step_time: 20 }, 455)
    expect(sketch.low).toBeLessThanOrEqual(455)
    expect(sketch.high).toBeGreaterThan(455)
    expect(sketch.high - sketch.low).toBeLessThan(20)
    expect(sketch.levels[0]).toEqual({ from: 0, to: 20, load: 100, broken: false })
  })

  it('of a held target ends at its level', () => {
    const sketch = holdSketch({ concurrent_users: 100, ramp_up_time: 60, hold_time: 300 })
    expect(sketch.points.at(-1)).toEqual({ at: 360, load: sketch.guess })
  })
})

describe("Little's law", () => {
  const points = pointsOf({ concurrent_users: 100, ramp_up_time: 0, hold_time: 60 })

  it('tells what users bring', () => {
    const found = expectation(points, 'vus', { seconds: 2, requests: 4 })
    expect(found).toMatchObject({ length: 60, peak: 100, iterations: 3000, requests: 12_000, meanRate: 200, peakRate: 200, users: 100 })
  })

  it('tells how many users arrivals keep busy', () => {
    expect(expectation(points, 'arrival_rate', { seconds: 0.5, requests: 1 }).users).toBe(50)
  })

  it('takes an iteration from a run', () => {
    expect(iterationOf({ iterations: 100, requests: 400, userSeconds: 200 })).toEqual({ seconds: 2, requests: 4 })
    expect(iterationOf({ iterations: 2, requests: 8, userSeconds: 200 })).toBeNull()
  })

  it('takes the time of an iteration from the service where users of arrivals only stood ready', () => {
    const measured = { seconds: 2, requests: 4 }
    expect(withTime(measured, true, 0.25)).toEqual({ seconds: 0.25, requests: 4 })
    expect([withTime(measured, false, 0.25), withTime(measured, true, null), withTime(null, true, 0.25)]).toEqual([measured, measured, null])
  })

  it('finds the peak that brings a mean', () => {
    const curve = pointsOf({ concurrent_users: 100, ramp_up_time: 60, hold_time: 60 })
    const peak = peakFor(curve, 100, 1)
    expect(peak).toBe(134)
    expect(meanOf(pointsOf({ concurrent_users: peak!, ramp_up_time: 60, hold_time: 60 }))).toBeGreaterThanOrEqual(100)
  })
})

describe('a threshold', () => {
  it.each(['p95 < 300', 'error_rate <= 1 for 10s', 'p99.9{log in} < 0.5', 'rps >= 220', 'requests != 0'])('%s', (line) => {
    expect(lineOf(parseThreshold(line)!)).toBe(line)
  })

  it.each([
    ['p95 < 1.5s', 'p95 < 1500'],
    ['error_rate < 1% for 2m', 'error_rate < 1 for 120s'],
    ['rps > 120/min', 'rps > 2'],
    ['bytes < 10 MB', 'bytes < 10000000'],
    ['plan_p99.99{"GET /items/{id}"} < 800', 'plan_p99.99{"GET /items/{id}"} < 800'],
    ['dropped == 0', 'dropped == 0'],
    ['p95 ＜ 300', 'p95 < 300'],
    ['error_rate ＜＝ 1％', 'error_rate <= 1'],
  ])('reads %s', (line, written) => expect(lineOf(parseThreshold(line)!)).toBe(written))

  it.each(['', 'p0 < 1', 'p95 < 3%', 'rps < 3 KB', 'p95 300', 'p95 < 300 for 0s', 'p95 < 300 for 1.5s', 'p95{a{b}} < 1'])('is not %s', (line) => {
    expect(parseThreshold(line)).toBeNull()
  })

  it('is a sentence where there is one for it', () => {
    expect(Object.entries(FIRST).map(([kind, rule]) => [kind, sentenceOf(rule)])).toEqual(Object.keys(FIRST).map((kind) => [kind, kind]))
    expect(sentenceOf(parseThreshold('p95 > 3')!)).toBe('line')
    expect(holds(parseThreshold('p95 <= 3')!, 3)).toBe(true)
    expect(holds(parseThreshold('p95 < 3')!, 3)).toBe(false)
  })
})

describe('parts', () => {
  it('always make 100', () => {
    expect(shares([1, 1, 1])).toEqual([34, 33, 33])
    expect(shares([3, 0, 1])).toEqual([75, 0, 25])
    expect(shares([0, 0])).toEqual([0, 0])
  })

  it('lose nobody', () => {
    expect(split(400, [1, 1, 1])).toEqual([134, 133, 133])
  })
})

describe('spans and scales', () => {
  it('reads spans', () => {
    expect(['2:00', '1:30:00', '90', '5m', '1h 30m', '1.5m', '500ms', '1s 500ms', 'x', '2:'].map(parseSpan)).toEqual([120, 5400, 90, 300, 5400, 90, 0.5, 1.5, null, null])
    expect([0, 65, 3605, 12.5].map(clock)).toEqual(['0:00', '1:05', '1:00:05', '0:12.5'])
  })

  it('reads rates per second, minute and hour', () => {
    expect(['200', '200/s', '12,000/min', '6000 / m', '7200/h', '', '1e', '5/d'].map(parseRate)).toEqual([200, 200, 200, 100, 2, null, Number.NaN, Number.NaN])
  })

  it('has round steps', () => {
    expect(loadScale(464)).toEqual({ max: 500, step: 100 })
    expect(loadScale(1.2)).toEqual({ max: 1.5, step: 0.5 })
    expect(loadScale(10)).toEqual({ max: 10, step: 2 })
    expect(loadScale(1.2, true)).toEqual({ max: 2, step: 1 })
    expect(loadScale(2.3, true)).toEqual({ max: 3, step: 1 })
    expect(timeScale(840)).toEqual({ max: 840, step: 120 })
  })
})

describe('handles', () => {
  it('move the corners of users', () => {
    expect(handlesOf(users)).toEqual([{ index: 0, at: 20, load: 100 }, { index: 1, at: 80, load: 100 }])
    expect(withPart(users, 0, 30, 120)).toMatchObject({ ramp_up_time: 30, concurrent_users: 120 })
    expect(withPart(users, 1, 0, 120)).toMatchObject({ hold_time: 1, concurrent_users: 120 })
  })

  it('move, add and remove stages', () => {
    const staged = withMode(users, 'stages')
    expect(withStageAdded(staged, 0).execution_config?.stages).toHaveLength(4)
    expect(withStageRemoved(staged, 0).execution_config?.stages).toHaveLength(2)
    expect(withPart(staged, 1, 5, 200)).toMatchObject({ concurrent_users: 200 })
  })
})

describe('problems of a plan', () => {
  const plan = { name: 'p', scenes: [{ weight: 1 }], config: users }

  it('are none where all is well', () => {
    for (const mode of MODES) expect(planProblems({ ...plan, config: withMode(users, mode) }, ['a'])).toEqual([])
  })

  it('stand at their paths', () => {
    const config = { ...users, concurrent_users: 0, hold_time: 1.5, execution_config: { thresholds: ['p95 < 1', 'x', 'p95{b} < 1'] } }
    expect(planProblems({ name: ' ', scenes: [{ weight: 0 }], config }, ['a']).map(({ path, fault }) => [path, fault])).toEqual([
      ['name', 'noName'],
      ['scenes[0].weight', 'noWeight'],
      ['config.concurrent_users', 'users'],
      ['config.hold_time', 'span'],
      ['config.execution_config.thresholds[1]', 'threshold'],
      ['config.execution_config.thresholds[2]', 'thresholdStep'],
    ])
    expect(planProblems({ name: 'p', scenes: [], config: users }, [])).toEqual([{ path: 'scenes', fault: 'noTarget' }])
  })
})

describe('changes', () => {
  it('are the keys that differ; null clears', () => {
    const stored = { a: 1, b: { x: 1, y: null }, c: 3, d: 4 }
    expect(changedKeys({ a: 1, b: { x: 1 }, c: null, e: 5 }, stored)).toEqual({ c: null, d: null, e: 5 })
    expect(changedKeys({ b: { x: 2, z: null } }, { b: { x: 1 } })).toEqual({ b: { x: 2 } })
    expect(changedKeys({ b: { y: { z: 1 } } }, { b: { x: 1, y: { z: 2, w: 3 } } })).toEqual({ b: { x: null, y: { z: 1, w: null } } })
  })
})

describe('a limit proposed from the last run', () => {
  const last = { percentiles: { p95: 212 }, validity: 'VALID', errorRate: 0.5 }
  it('leaves a fifth above its p95', () => {
    expect(proposedLimit(last, ['error_rate <= 1', 'p95{pay} < 300'])).toEqual({ p95: 212, limit: 300 })
    expect(proposedLimit({ ...last, percentiles: { p95: 10.4 } }, [])).toEqual({ p95: 10.4, limit: 15 })
  })
  it.each([
    [{ ...last, validity: 'INVALID' }, []],
    [{ ...last, errorRate: 100 }, []],
    [{ ...last, percentiles: {} }, []],
    [last, ['p99 < 400']],
  ])('is not proposed where the run has no figures, or latency has a threshold already', (run, lines) => {
    expect(proposedLimit(run, lines)).toBeNull()
  })
})
