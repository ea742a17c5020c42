import { describe, expect, it } from 'vitest'
import { configDifferences, difference, judged, steadyTime, worse } from './compare'
import type { Report } from './report'

/** A run of constant load whose p95 and throughput are given second by second. */
function run(seconds: number, p95: (second: number) => number, error = 0): Report {
  const timestamps = Array.from({ length: seconds }, (_, second) => 1000 + second)
  const values = timestamps.map((_, second) => p95(second))
  const all = (value: number) => timestamps.map(() => value)
  return {
    summary: { throughput: 50, error_rate: error, avg_response_time: 20, percentiles: { p50: 15, p95: values.reduce((a, b) => a + b) / seconds, p99: 60 } },
    series: { width: 1, timestamps, paused: timestamps.map(() => false), planned_users: all(10), p95: values, throughput: all(50), error_rate: all(error) },
    step_series: { width: 1, timestamps: [], steps: [] },
    steps: [],
  } as unknown as Report
}
const wave = (mean: number, by: number) => (second: number) => mean + by * Math.sin(second)

describe('the difference of two runs', () => {
  it('is told from noise', () => {
    const found = difference(run(120, wave(100, 5)), run(120, wave(130, 5)), 'p95')!
    expect(found.change).toBeCloseTo(30, 0)
    expect(found.judgement).toBe('more')
    expect(worse('p95', found.judgement)).toBe(true)
    expect(difference(run(120, wave(100, 5)), run(120, wave(101, 5)), 'p95')!.judgement).not.toBe('more')
  })

  it('is unsure where the noise is larger than the change', () => {
    const rough = (mean: number) => run(120, (second) => mean * (Math.floor(second / 6) % 2 ? 1.6 : 0.4))
    expect(difference(rough(100), rough(110), 'p95')!.judgement).toBe('unsure')
  })

  it('has no judgement for a run that is too short', () => {
    expect(difference(run(20, wave(100, 1)), run(20, wave(150, 1)), 'p95')).toMatchObject({ noise: null, judgement: 'short' })
  })

  it('counts an error rate in percentage points', () => {
    const found = difference(run(120, wave(100, 1), 0), run(120, wave(100, 1), 4), 'errorRate')!
    expect(found).toEqual({ change: 4, noise: 0, judgement: 'more' })
  })

  it('is none without a figure', () => {
    expect(judged('p95', null, 3, [], [])).toBeNull()
    expect(judged('p95', 0, 3, [], [])).toBeNull()
  })
})

describe('what runs are compared by', () => {
  it('leaves the first tenth and every other level than the top out', () => {
    const report = run(100, wave(100, 1))
    report.series.planned_users = report.series.timestamps.map((_, second) => (second < 40 ? second / 4 : 10))
    expect(steadyTime(report)).toEqual({ from: 1040 + 59 * 0.1, to: 1099 })
  })

  it('goes by the rate where arrivals are planned, however many users that takes', () => {
    const report = run(100, wave(100, 1))
    report.series.planned_rate = report.series.timestamps.map((_, second) => (second < 40 ? second : 40))
    report.series.planned_users = report.series.timestamps.map((_, second) => second)
    expect(steadyTime(report)).toEqual({ from: 1040 + 59 * 0.1, to: 1099 })
  })

  it('names what their configs differ in, but not what differs in every run', () => {
    const found = configDifferences([{ seed: 1, load: { stages: [{ target: 5 }] } }, { seed: 2, load: { stages: [{ target: 9 }] } }])
    expect(found).toEqual([{ path: 'load.stages[0].target', values: ['5', '9'] }])
  })
})
