/** Little's law: users = iterations per second × seconds of an iteration, and what follows from it for a plan. */
import type { Variable } from './config'
import { areaOf, lengthOf, meanOf, peakOf } from './profile'
import type { Point } from './profile'

/** A mean iteration: how long it takes a user, pauses included, and how many requests it sends. */
export interface Iteration {
  seconds: number
  requests: number
}

export interface Expectation {
  length: number
  peak: number
  iterations: number
  requests: number
  /** Requests per second on average, and at the peak. */
  meanRate: number
  peakRate: number
  /** Users that are busy at the peak of a load of arrivals. */
  users: number
}

/** What a planned curve brings, given how long an iteration takes. */
export function expect(points: Point[], variable: Variable, iteration: Iteration): Expectation {
  const perUnit = variable === 'vus' ? 1 / Math.max(iteration.seconds, 1e-9) : 1
  const iterations = areaOf(points) * perUnit
  const peak = peakOf(points)
  const rate = (load: number) => load * perUnit * iteration.requests
  return {
    length: lengthOf(points),
    peak,
    iterations,
    requests: iterations * iteration.requests,
    meanRate: rate(meanOf(points)),
    peakRate: rate(peak),
    users: variable === 'vus' ? peak : peak * iteration.seconds,
  }
}

/** A mean iteration from the figures of a run; null where it did not complete enough to tell. */
export function iterationOf(run: { iterations: number; requests: number; userSeconds: number }): Iteration | null {
  if (run.iterations < 5 || run.userSeconds <= 0) return null
  return { seconds: run.userSeconds / run.iterations, requests: run.requests / run.iterations }
}

/**
 * The same with the time that the service expects, where the run was of arrivals: their users are made as they are
 * needed and stay, so user-seconds are more than what the iterations took.
 */
export function withTime(measured: Iteration | null, arrivals: boolean, expected: number | null | undefined): Iteration | null {
  return measured && arrivals && expected ? { ...measured, seconds: expected } : measured
}

/** The lowest peak whose mean throughput reaches `wanted`, all levels at the old peak being raised to it. */
export function peakFor(points: Point[], wanted: number, perUnit: number): number | null {
  const peak = peakOf(points)
  if (peak <= 0 || perUnit <= 0) return null
  const raised = (to: number) => points.map((point) => (point.load === peak ? { ...point, load: to } : point))
  const slope = meanOf(raised(peak + 1)) - meanOf(points)
  if (slope <= 0) return null
  return Math.ceil(peak + (wanted / perUnit - meanOf(points)) / slope)
}
