/** From a config to the curve of its planned load: corner points, a jump being two points at one time. */
import { isRange, rangeOf } from './config'
import type { LoadConfig, Stage } from './config'

export interface Point {
  at: number
  load: number
}

/** More steps than this are refused by the server, and would only make a black area. */
const MAX_STEPS = 5000

const SETTLE_S = 30
const LONGEST_SEARCH_S = 3600

/** The planned load. Of a search it is only where it begins; see sketch.ts for what it may do. */
export function pointsOf(config: LoadConfig): Point[] {
  return corners(stagesIn(config))
}

function stagesIn(config: LoadConfig): Stage[] {
  if (config.test_mode === 'step') return staircase(config)
  if (config.test_mode === 'error_rate') return held(firstLevel(config), config.hold_time || LONGEST_SEARCH_S)
  if (config.test_mode === 'adaptive') {
    return held(rangeOf(config).min, (config.ramp_up_time || SETTLE_S) + (config.hold_time ?? 0))
  }
  const execution = config.execution_config
  if (execution?.stages?.length) return execution.stages
  const rate = execution?.arrival_rate
  if (Array.isArray(rate)) return rate
  const target = typeof rate === 'number' ? rate : config.concurrent_users
  return [
    { duration: config.ramp_up_time ?? 0, target },
    { duration: config.hold_time ?? 60, target },
  ]
}

function held(level: number, seconds: number): Stage[] {
  return [
    { duration: 0, target: level },
    { duration: seconds, target: level },
  ]
}

/** Where a search begins: with the users of one step, or at the lowest arrival rate. */
export function firstLevel(config: LoadConfig): number {
  const range = rangeOf(config)
  const counted = !isRange(config.execution_config?.arrival_rate) && config.step_users
  return counted ? Math.min(counted, range.max) : range.min
}

function staircase(config: LoadConfig): Stage[] {
  const { min, max } = rangeOf(config)
  const step = config.step_users || 1
  const seconds = config.step_time || 1
  const first = isRange(config.execution_config?.arrival_rate) ? min : step
  const count = Math.min(Math.max(Math.ceil((max - first) / step - 1e-9), 0) + 1, MAX_STEPS)
  return Array.from({ length: count }, (_, number) => Math.min(first + number * step, max)).flatMap((level) =>
    held(level, seconds),
  )
}

function corners(stages: Stage[]): Point[] {
  const points: Point[] = [{ at: 0, load: 0 }]
  let at = 0
  for (const stage of stages) {
    if (!Number.isFinite(stage.duration) || !Number.isFinite(stage.target)) continue
    at += Math.max(0, stage.duration)
    points.push({ at, load: stage.target })
  }
  return points
}

export function peakOf(points: Point[]): number {
  return points.reduce((most, point) => Math.max(most, point.load), 0)
}

/** The length in seconds. */
export function lengthOf(points: Point[]): number {
  return points.length ? points[points.length - 1]!.at : 0
}

/** The area below the curve: user seconds, or arrivals. */
export function areaOf(points: Point[]): number {
  let area = 0
  for (let i = 1; i < points.length; i++) {
    const [from, to] = [points[i - 1]!, points[i]!]
    area += ((to.at - from.at) * (from.load + to.load)) / 2
  }
  return area
}

export function meanOf(points: Point[]): number {
  const length = lengthOf(points)
  return length > 0 ? areaOf(points) / length : 0
}
