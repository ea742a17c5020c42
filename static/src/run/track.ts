/**
 * Figures over time in typed arrays: one x (Unix seconds, ascending) and any number of named columns.
 * NaN stands for “not measured”; a hole in time is a row of NaN, so that lines break there by themselves.
 */
const CAPACITY = 7_200
const NONE = new Float32Array(0)

export class Track {
  length = 0
  private x: Float64Array
  private readonly columns = new Map<string, Float32Array>()
  private width = 1
  /** Changes with every change of a row that is not the last. */
  edition = 0

  constructor(private room = 512) {
    this.x = new Float64Array(room)
  }

  get times(): Float64Array {
    return this.x.subarray(0, this.length)
  }

  /** Time of the last row; -Infinity where there is none. */
  get last(): number {
    return this.length ? this.x[this.length - 1]! : -Infinity
  }

  /** End of what the last row covers. */
  get end(): number {
    return this.length ? this.last + this.width : -Infinity
  }

  get full(): boolean {
    return this.length >= CAPACITY
  }

  /** Begin a row and return its index; -1 for a time that is there already. */
  push(time: number, width = 1): number {
    if (time <= this.last) return -1
    if (this.length && time > this.end + 0.5 * Math.max(this.width, width)) this.row(this.end)
    this.width = width
    return this.row(time)
  }

  /** A column begins to be there with its first value. */
  set(name: string, row: number, value: number | null | undefined): void {
    if (row < this.length - 1) this.edition++
    if (value === null || value === undefined) {
      const column = this.columns.get(name)
      if (column) column[row] = NaN
    } else this.whole(name)[row] = value
  }

  has(name: string): boolean {
    return this.columns.has(name)
  }

  /** How many columns there are. */
  get columnCount(): number {
    return this.columns.size
  }

  names(prefix = ''): string[] {
    return [...this.columns.keys()].filter((name) => name.startsWith(prefix))
  }

  /** A column up to now; all NaN where it was never set. */
  column(name: string): Float32Array {
    return this.whole(name).subarray(0, this.length)
  }

  /** Mean of a column over [first, beyond) where it was measured; null where it was not. */
  mean(name: string, first: number, beyond: number): number | null {
    const column = this.columns.get(name)
    if (!column) return null
    let [sum, count] = [0, 0]
    for (let row = Math.max(0, first); row < beyond; row++) {
      const value = column[row]!
      if (value !== value) continue
      sum += value
      count++
    }
    return count ? sum / count : null
  }

  at(name: string, row: number): number | null {
    const value = this.columns.get(name)?.[row]
    return value === undefined || Number.isNaN(value) ? null : value
  }

  latest(name: string): number | null {
    return this.length ? this.at(name, this.length - 1) : null
  }

  /** The last row at or before a time; -1 where all are later. */
  rowAt(time: number): number {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.x[middle]! <= time) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** Rows of [from, to) as a half-open range of indexes. */
  rows(from: number, to: number): [number, number] {
    const exact = this.rowAt(from)
    const first = exact >= 0 && this.x[exact] === from ? exact : exact + 1
    const beyond = this.rowAt(to)
    return [first, beyond >= 0 && this.x[beyond] === to ? beyond : beyond + 1]
  }

  /** Seconds that a row covers. */
  widthAt(row: number): number {
    return (row + 1 < this.length ? this.x[row + 1]! : this.end) - this.x[row]!
  }

  /** Mean of a column in [from, to) by time, for rows may be of unequal width; what was not measured is not in it. */
  meanIn(name: string, from: number, to: number): number | null {
    const [sum, time] = this.added(name, from, to)
    return time ? sum / time : null
  }

  /** What a rate came to in [from, to); null where nothing was measured. */
  totalIn(name: string, from: number, to: number): number | null {
    const [sum, time] = this.added(name, from, to)
    return time ? sum : null
  }

  private added(name: string, from: number, to: number): [sum: number, time: number] {
    const [first, beyond] = this.rows(from, to)
    const column = this.columns.get(name) ?? NONE
    let [sum, time] = [0, 0]
    for (let row = first; row < beyond && row < column.length; row++) {
      const value = column[row]!
      if (value !== value) continue
      const width = this.widthAt(row)
      sum += value * width
      time += width
    }
    return [sum, time]
  }

  clear(): void {
    this.edition++
    this.length = 0
    this.width = 1
    this.columns.clear()
  }

  private row(time: number): number {
    if (this.length === this.room) this.grow()
    this.x[this.length] = time
    for (const column of this.columns.values()) column[this.length] = NaN
    return this.length++
  }

  private whole(name: string): Float32Array {
    let column = this.columns.get(name)
    if (!column) {
      column = new Float32Array(this.room).fill(NaN)
      this.columns.set(name, column)
    }
    return column
  }

  private grow(): void {
    this.room *= 2
    const wider = new Float64Array(this.room)
    wider.set(this.x)
    this.x = wider
    for (const [name, column] of this.columns) {
      const copy = new Float32Array(this.room).fill(NaN)
      copy.set(column)
      this.columns.set(name, copy)
    }
  }
}
