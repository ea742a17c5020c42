/** Columns computed from those of a track, row by row, and kept as long as those rows stay. */

import type { Track } from './track'

interface Column {
  values: Float32Array
  rows: number
  track: Track
  edition: number
  key: string
}

export class DerivedColumns {
  private readonly columns: Column[] = []

  /** The column at a place; `key` names what it is computed from. */
  column(place: number, track: Track, key: string, value: (row: number) => number): Float32Array {
    const known = this.columns[place]
    const still = known && known.track === track && known.edition === track.edition && known.key === key
    const values = known && known.values.length >= track.length ? known.values : grown(known?.values, track.length)
    // The last row may have been added to.
    for (let row = still ? Math.max(0, known.rows - 1) : 0; row < track.length; row++) values[row] = value(row)
    this.columns[place] = { values, rows: track.length, track, edition: track.edition, key }
    return values.subarray(0, track.length)
  }
}

function grown(values: Float32Array | undefined, length: number): Float32Array {
  const wider = new Float32Array(Math.max(length * 2, 512))
  if (values) wider.set(values)
  return wider
}
