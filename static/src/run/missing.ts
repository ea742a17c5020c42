/** Load that was planned and not offered: arrivals that were dropped, and the part of a node while it was lost. */

import type { Span } from './fit'
import type { Track } from './track'

export interface MissingSpan extends Span {
  /** First and last row. */
  rows: [number, number]
  /** Arrivals, or user-seconds. */
  amount: number
}
interface LoadColumns {
  real: string
  planned: string
}

/** Seconds in a row in which something was missing, with what is missing in all of them. In a pause nothing was planned. */
export function missingLoad(track: Track, columns: LoadColumns, lost: readonly Span[], [from, to]: [number, number]): MissingSpan[] {
  const spans: MissingSpan[] = []
  const [first, beyond] = track.rows(from, to)
  const dropped = track.column('dropped')
  for (let row = first; row < beyond; row++) {
    if (!lost.length && !(dropped[row]! > 0)) continue
    const time = track.times[row]!
    const width = track.widthAt(row)
    const gone = lost.some((span) => span.from < time + width && span.to > time)
    const amount = amountIn(track, row, columns, gone) * width
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
function amountIn(track: Track, row: number, { real, planned }: LoadColumns, gone: boolean): number {
  const dropped = track.at('dropped', row) ?? 0
  if (!gone) return dropped
  const [wanted, done] = [track.at(planned, row), track.at(real, row)]
  return wanted === null || done === null ? dropped : Math.max(dropped, wanted - done)
}
