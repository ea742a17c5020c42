/** Load that was planned and not offered: arrivals that were dropped, and the part of a node while it was lost. */

import type { Span } from './fit'
import type { Track } from './track'

export interface MissingSpan extends Span {
  /** First and last row. */
  rows: [number, number]
  /** Arrivals, or user-seconds. */
  amount: number
}
export interface LoadColumns {
  real: string
  planned: string
}

/**
 * The plan as it was for the whole run, into `column`. Nodes report the load each was given, so while one is lost its part of
 * the plan is not told: there the plan goes straight on from before to after. In a pause nothing was planned.
 */
export function wholePlan(track: Track, { real, planned }: LoadColumns, lost: readonly Span[], column: Float32Array): Float32Array {
  const told = track.column(planned)
  const done = track.column(real)
  column.set(told)
  for (let row = 0; row < track.length; row++) if (Number.isNaN(done[row]!)) column[row] = NaN
  for (const span of lost) {
    const [first, beyond] = [Math.max(0, track.rowAt(span.from)), Math.max(0, track.rowAt(span.to)) + (span.to > track.last ? 1 : 0)]
    const before = first > 0 ? told[first - 1]! : NaN
    const after = beyond < track.length ? told[beyond]! : before
    for (let row = first; row < beyond; row++) {
      const level = before + ((after - before) * (row - first + 1)) / (beyond - first + 1)
      if (level > column[row]!) column[row] = level
    }
  }
  return column
}

/** Seconds in a row in which something was missing, with what is missing in all of them. `plan` is the whole plan. */
export function missingLoad(track: Track, real: string, plan: Float32Array, lost: readonly Span[], [from, to]: [number, number]): MissingSpan[] {
  const spans: MissingSpan[] = []
  const [first, beyond] = track.rows(from, to)
  for (let row = first; row < beyond; row++) {
    const time = track.times[row]!
    const width = (track.times[row + 1] ?? track.end) - time
    const gone = lost.some((span) => span.from < time + width && span.to > time)
    const amount = amountIn(track, row, real, plan[row]!, gone) * width
    if (amount <= 0) continue
    const last = spans.at(-1)
    if (last && last.rows[1] === row - 1) {
      last.to = time + width
      last.rows[1] = row
      last.amount += amount
    } else spans.push({ from: time, to: time + width, rows: [row, row], amount })
  }
  return spans
}

/** Per second; what was dropped is known exactly, what a lost node would have done is the rest of the plan. */
function amountIn(track: Track, row: number, real: string, wanted: number, gone: boolean): number {
  const dropped = track.at('dropped', row) ?? 0
  if (!gone) return dropped
  const done = track.at(real, row)
  return Number.isNaN(wanted) || done === null ? dropped : Math.max(dropped, wanted - done)
}
