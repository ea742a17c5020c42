/** The lines of a lane as a picture that is laid over its grid. */

import type uPlot from 'uplot'
import { channels } from './colours'
import { Cover, Pixels } from './columns'
import { scaleOf } from './paths'
import { ringParts } from './ring'

export interface Shape {
  token: string
  /** Column of the data. */
  values: Float32Array
  /** Pixels of the page; 0 for an area alone. */
  width: number
  dash?: readonly number[]
  /** A value holds until the next point. */
  steps: boolean
  /** How strong the area below is. */
  fill: number
}
/** Between two columns, where both are known and the upper one is not the lower. */
interface Band {
  token: string
  lower: Float32Array
  upper: Float32Array
  alpha: number
  hatched?: boolean
  /** Only in these rows. */
  rows?: readonly [number, number]
}

export interface Drawing {
  times: Float64Array
  /** First and last row in view. */
  rows: readonly [number, number]
  /** While it stays, rows are only added. */
  edition: number | undefined
  /** Seconds of a column of a range that moves on, and how many of them are left of it. */
  moving: number
  origin: number
  bands: readonly Band[]
  shapes: readonly Shape[]
}
/** What a picture shows. */
interface Shown {
  /** Everything but where it begins and ends; what has the same can be gone on with. */
  key: string
  buffer: ArrayBufferLike
  origin: number
  /** The last row. */
  row: number
}

/** On paper a picture has so many pixels for one of the page. */
const PAPER_RATIO = 3
const STRIPES = 6
/** Part of a column; rows on the border of two always lie in the same one. */
const HAIR = 1e-3

export class Picture {
  private readonly canvas = document.createElement('canvas')
  private readonly pen = this.canvas.getContext('2d')!
  private image = new ImageData(1, 1)
  private pixels = new Pixels(1, 1)
  private covers: [Cover, Cover] = [new Cover(1), new Cover(1)]
  private x = new Float64Array(0)
  private y = new Float32Array(0)
  /** Pixels of this picture in one of the chart's canvas. */
  private fine = 1
  private shown: Shown | null = null
  /** Where the canvas has the first column: a canvas that is drawn onto itself would be drawn twice. */
  private ring = 0

  /** Draw rows of a chart's data, bands below lines; where only rows were added, only these. */
  draw(u: uPlot, drawing: Drawing): void {
    this.fit(u)
    const next = this.shownOf(u, drawing)
    const kept = this.kept(next, drawing.edition)
    const wide = Math.max(...drawing.shapes.map((shape) => this.thickness(shape)), 1)
    const from = kept === null ? 0 : Math.max(0, this.columnOf(u, drawing.times[this.shown!.row]!) - wide - 1)
    if (kept) this.move(kept)
    else if (kept === null) this.ring = 0
    this.pixels.clear(from)
    this.shown = next
    const rows = [this.before(u, drawing, from - wide - 1), drawing.rows[1]] as const
    this.place(u, drawing.times, rows)
    for (const band of drawing.bands) this.band(u, band, rows)
    for (const shape of drawing.shapes) this.shape(u, shape, rows, drawing.times)
    this.store(from)
    this.show(u)
  }

  private store(from: number): void {
    const { width, height } = this.pixels
    for (const part of ringParts(width, this.ring, from)) this.pen.putImageData(this.image, part.at - part.from, 0, part.from, 0, part.columns, height)
  }

  private show({ ctx, bbox: { left, top, width, height } }: uPlot): void {
    if (!this.ring) return ctx.drawImage(this.canvas, left, top, width, height)
    for (const { from, at, columns } of ringParts(width, this.ring)) ctx.drawImage(this.canvas, at, 0, columns, height, left + from, top, columns, height)
  }

  private shownOf(u: uPlot, { times, rows, edition, moving, origin, bands, shapes }: Drawing): Shown {
    const [x, y] = [u.scales.x!, u.scales.y!]
    const looks = [...bands.map(({ token, alpha, hatched, rows: only }) => [channels(token), alpha, hatched, only]), ...shapes.map(({ token, width, dash, steps, fill }) => [channels(token), width, dash, steps, fill])]
    const key = JSON.stringify([this.pixels.width, this.pixels.height, moving || [x.min, x.max], y.min, y.max, edition, looks])
    return { key, buffer: times.buffer, origin, row: rows[1] }
  }

  /** By how many columns what was drawn lies too far right; null where it is of no use. */
  private kept({ key, buffer, origin, row }: Shown, edition: number | undefined): number | null {
    const { shown } = this
    if (edition === undefined || this.fine !== 1 || shown?.key !== key || shown.buffer !== buffer || row < shown.row) return null
    const columns = origin - shown.origin
    return columns >= 0 && columns < this.pixels.width ? columns : null
  }

  private move(columns: number): void {
    this.pixels.shift(columns)
    this.ring = (this.ring + columns) % this.pixels.width
  }

  private columnOf(u: uPlot, time: number): number {
    return Math.floor((scaleOf(u, 'x')(time) - u.bbox.left) * this.fine + HAIR)
  }

  /** The last row left of a column. */
  private before(u: uPlot, { times, rows }: Drawing, column: number): number {
    let row = rows[1]
    while (row > rows[0] && this.columnOf(u, times[row]!) >= column) row--
    return row
  }

  private thickness({ width }: Shape): number {
    return Math.floor(width * devicePixelRatio * this.fine)
  }

  private fit({ bbox }: uPlot): void {
    this.fine = document.documentElement.classList.contains('printing') ? PAPER_RATIO : 1
    const [width, height] = [Math.max(1, Math.round(bbox.width * this.fine)), Math.max(1, Math.round(bbox.height * this.fine))]
    if (width === this.canvas.width && height === this.canvas.height && this.pixels.width === width) return
    this.canvas.width = width
    this.canvas.height = height
    this.image = new ImageData(width, height)
    this.pixels = new Pixels(width, height, new Uint32Array(this.image.data.buffer))
    this.covers = [new Cover(width), new Cover(width)]
    this.shown = null
  }

  /** Where each row lies. */
  private place(u: uPlot, times: Float64Array, [first, last]: readonly [number, number]): void {
    if (this.x.length < times.length) {
      this.x = new Float64Array(times.length * 2)
      this.y = new Float32Array(times.length * 2)
    }
    const X = scaleOf(u, 'x')
    for (let at = first; at <= last; at++) this.x[at] = (X(times[at]!) - u.bbox.left) * this.fine + HAIR
  }

  /** What a column covers, in the rows for which `known` holds. */
  private cover(into: Cover, u: uPlot, values: Float32Array, [first, last]: readonly [number, number], hold: number, known?: (row: number) => boolean): Cover {
    const Y = scaleOf(u, 'y')
    const { y, x, fine } = this
    for (let at = first; at <= last; at++) {
      const value = values[at]!
      y[at] = value !== value || (known && !known(at)) ? NaN : (Y(value) - u.bbox.top) * fine
    }
    into.clear()
    into.follow({ x, y, rows: [first, last] }, hold)
    return into
  }

  private shape(u: uPlot, { token, values, width, dash, steps, fill }: Shape, rows: readonly [number, number], times: Float64Array): void {
    const X = scaleOf(u, 'x')
    const ratio = devicePixelRatio * this.fine
    const cover = this.cover(this.covers[0], u, values, rows, steps ? (X(times[rows[1]]! + 1) - X(times[rows[1]]!)) * this.fine : 0)
    const colour = channels(token)
    if (fill) this.pixels.area(cover, colour, fill)
    if (!width) return
    cover.spread(Math.floor(width * ratio) - 1)
    this.pixels.line(cover, width * ratio, colour, dash?.map((part) => Math.round(part * ratio)), this.shown!.origin)
  }

  private band(u: uPlot, { token, lower, upper, alpha, hatched, rows }: Band, all: readonly [number, number]): void {
    const within = rows ? ([Math.max(all[0], rows[0]), Math.min(all[1], rows[1])] as const) : all
    const known = (row: number) => lower[row]! <= upper[row]!
    const [top, bottom] = [this.cover(this.covers[0], u, upper, within, 0, known), this.cover(this.covers[1], u, lower, within, 0, known)]
    this.pixels.band(top, bottom, channels(token), alpha, hatched ? Math.round(STRIPES * devicePixelRatio * this.fine) : 0, this.shown!.origin)
  }
}
