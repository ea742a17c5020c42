/** How a metric was held: the band around its target, and what is marked of a trace. */
import type { TraceRow } from './frames'

/** Percent of the target that a metric may be off while nothing says that it scatters more. */
export const BAND = 10

/** The edges of a band as the service draws them: as many times below as above. */
export function bandEdges(target: number, percent = BAND): [number, number] {
  const reach = 1 + percent / 100
  return [target / reach, target * reach]
}

/** The measured rows, at most `most`: of each equal stretch of time the one that is farthest from the target. */
export function markedRows(rows: readonly TraceRow[], target: number, most: number): TraceRow[] {
  const measured = rows.filter((row) => row.measured !== null)
  if (measured.length <= most) return measured
  const from = measured[0]!.elapsed
  const length = measured.at(-1)!.elapsed - from
  const worst = new Map<number, TraceRow>()
  for (const row of measured) {
    const slot = Math.min(most - 1, Math.floor(((row.elapsed - from) / length) * most))
    const known = worst.get(slot)
    if (!known || off(row, target) > off(known, target)) worst.set(slot, row)
  }
  return [...worst.values()]
}
const off = (row: TraceRow, target: number) => Math.abs(row.measured! - target)

/** The index of the row of a moment; null before the first and after the last. */
export function rowAt(rows: readonly TraceRow[], begin: number, moment: number): number | null {
  if (moment < begin) return null
  const place = rows.findIndex((row) => row.elapsed >= moment)
  return place < 0 ? null : place
}
