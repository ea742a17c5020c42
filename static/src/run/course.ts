/** The load still to come: the planned curve on the wall clock, and what a change by hand has made of it. */

import type { CurvePoint, Planned, RunEvent, Variable } from './frames'

export interface Course {
  /** What will be offered from now on, [Unix s, level]. */
  ahead: [number, number][]
  /** What had been planned before it was changed by hand; empty where it was not. */
  before: [number, number][]
  end: number | null
}

/**
 * `now` is Unix time and `elapsed` the profile time that has passed then; the difference is what pauses have cost.
 * A load set by hand holds to the end of the profile.
 */
export function courseOf(planned: Planned, events: readonly RunEvent[], variable: Variable, now: number, elapsed: number): Course {
  const shift = now - elapsed
  const duration = planned.duration
  const end = duration === null ? null : duration + shift
  const points = planned.points.map((point): [number, number] => [point.t + shift, point.level])
  const hand = events.findLast((event) => event.event === 'load' && event.variable === variable && event.level !== undefined)
  if (!hand || end === null) return { ahead: after(points, now), before: [], end }
  return { ahead: [[now, hand.level!], [end, hand.level!]], before: after(points, hand.elapsed + shift), end }
}

/** The curve from a moment on, beginning with its level there. */
export function after(points: readonly [number, number][], from: number): [number, number][] {
  const rest = points.filter(([time]) => time > from)
  if (!rest.length) return []
  return [[from, levelAt(points, from)], ...rest]
}

/** Level of a curve of straight lines; of a jump the level after it. */
export function levelAt(points: readonly [number, number][], time: number): number {
  const next = points.findIndex(([at]) => at > time)
  if (next === 0) return points[0]![1]
  if (next < 0) return points.at(-1)?.[1] ?? 0
  const [t0, level0] = points[next - 1]!
  const [t1, level1] = points[next]!
  return level0 + ((level1 - level0) * (time - t0)) / (t1 - t0 || 1)
}

export function peakOf(points: readonly CurvePoint[]): number {
  return points.reduce((peak, point) => Math.max(peak, point.level), 0)
}
