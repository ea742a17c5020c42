/**
 * Path builders for uPlot that read typed arrays and break where a value is NaN. Where there are more points than
 * pixels, each column of pixels is drawn once from its first, least, greatest and last value.
 */

import type uPlot from 'uplot'

type Scale = (value: number) => number

/** Position on the canvas of a value, without uPlot's checks at every point. */
export function scaleOf(u: uPlot, key: 'x' | 'y'): Scale {
  const { min, max, distr } = u.scales[key]!
  const { left, top, width, height } = u.bbox
  const read = distr === 3 ? Math.log10 : (value: number) => value
  const low = read(min ?? 0)
  const size = read(max ?? 1) - low || 1
  if (key === 'x') return (value) => left + ((read(value) - low) / size) * width
  const floor = top + height
  return distr === 3 ? (value) => (value > 0 ? floor - ((read(value) - low) / size) * height : floor) : (value) => floor - ((value - low) / size) * height
}

class Pen {
  readonly stroke = new Path2D()
  private drawing = false
  private beginX = 0
  private lastX = 0
  private lastY = 0

  constructor(readonly fill: Path2D | null, private readonly floor: number) {}

  to(x: number, y: number): void {
    if (this.drawing) {
      this.stroke.lineTo(x, y)
      this.fill?.lineTo(x, y)
    } else {
      this.stroke.moveTo(x, y)
      this.fill?.moveTo(x, this.floor)
      this.fill?.lineTo(x, y)
      this.beginX = x
      this.drawing = true
    }
    this.lastX = x
    this.lastY = y
  }

  /** End the line; a single point becomes a short dash. */
  lift(): void {
    if (!this.drawing) return
    if (this.lastX === this.beginX) this.to(this.lastX + 1.5, this.lastY)
    this.fill?.lineTo(this.lastX, this.floor)
    this.fill?.closePath()
    this.drawing = false
  }
}

type Columns = { xs: Float64Array; ys: Float32Array }

function columnsOf(u: uPlot, index: number): Columns {
  return { xs: u.data[0] as unknown as Float64Array, ys: u.data[index] as unknown as Float32Array }
}

function sparse(pen: Pen, { xs, ys }: Columns, first: number, last: number, X: Scale, Y: Scale): void {
  for (let at = first; at <= last; at++) {
    const value = ys[at]!
    if (value !== value) pen.lift()
    else pen.to(X(xs[at]!), Y(value))
  }
}

function dense(pen: Pen, { xs, ys }: Columns, first: number, last: number, X: Scale, Y: Scale): void {
  let pixel = -1
  let least = 0
  let greatest = 0
  let final = 0
  const flush = () => {
    if (pixel < 0) return
    if (least !== greatest) {
      pen.to(pixel, Y(least))
      pen.to(pixel, Y(greatest))
    }
    pen.to(pixel, Y(final))
  }
  for (let at = first; at <= last; at++) {
    const value = ys[at]!
    if (value !== value) {
      flush()
      pen.lift()
      pixel = -1
      continue
    }
    const x = Math.round(X(xs[at]!))
    if (x !== pixel) {
      flush()
      pixel = x
      least = greatest = value
    } else if (value < least) least = value
    else if (value > greatest) greatest = value
    final = value
  }
  flush()
}

/** A line of more points than this is drawn one pixel wide. */
const MANY_POINTS = 240

/**
 * Without a graphics card a line of one pixel is drawn 20 times as fast as a wider one: of many points only the bold
 * line is wider, by a second line one pixel below it.
 */
export function line(filled: boolean, width = 1.5): uPlot.Series.PathBuilder {
  return (u, index, first, last) => {
    const pen = new Pen(filled ? new Path2D() : null, u.bbox.top + u.bbox.height)
    const draw = last - first > 2 * u.bbox.width ? dense : sparse
    draw(pen, columnsOf(u, index), first, last, scaleOf(u, 'x'), scaleOf(u, 'y'))
    pen.lift()
    const many = last - first > MANY_POINTS
    u.series[index]!.width = many ? 1 : width
    return { stroke: many && width >= BOLD ? doubled(pen.stroke) : pen.stroke, fill: pen.fill ?? undefined }
  }
}
const BOLD = 2

function doubled(path: Path2D): Path2D {
  const both = new Path2D(path)
  both.addPath(path, new DOMMatrix([1, 0, 0, 1, 0, devicePixelRatio]))
  return both
}

/** A value holds until the next point; `width` is how long the last one holds, s. */
export function steps(filled: boolean, width = 1): uPlot.Series.PathBuilder {
  return (u, index, first, last) => {
    const pen = new Pen(filled ? new Path2D() : null, u.bbox.top + u.bbox.height)
    const { xs, ys } = columnsOf(u, index)
    const [X, Y] = [scaleOf(u, 'x'), scaleOf(u, 'y')]
    for (let at = first; at <= last; at++) {
      const value = ys[at]!
      if (value !== value) {
        pen.lift()
        continue
      }
      pen.to(X(xs[at]!), Y(value))
      pen.to(X(at < last ? xs[at + 1]! : xs[at]! + width), Y(value))
    }
    pen.lift()
    return { stroke: pen.stroke, fill: pen.fill ?? undefined }
  }
}

/** The area between two lines, where both are known and `upper` lies above; of some rows or all. */
export function between(u: uPlot, lower: number, upper: number, rows?: readonly [number, number]): Path2D {
  const path = new Path2D()
  const { xs, ys } = columnsOf(u, lower)
  const tops = columnsOf(u, upper).ys
  const [X, Y] = [scaleOf(u, 'x'), scaleOf(u, 'y')]
  let run: number[] = []
  const close = () => {
    if (run.length > 1) {
      run.forEach((at, place) => (place ? path.lineTo(X(xs[at]!), Y(tops[at]!)) : path.moveTo(X(xs[at]!), Y(tops[at]!))))
      for (const at of run.toReversed()) path.lineTo(X(xs[at]!), Y(ys[at]!))
      path.closePath()
    }
    run = []
  }
  const [first, last] = rows ?? [0, xs.length - 1]
  for (let at = Math.max(0, first); at <= Math.min(last, xs.length - 1); at++) {
    if (ys[at]! <= tops[at]!) run.push(at)
    else close()
  }
  close()
  return path
}

/** The greatest value of a range of rows; NaN is passed over. */
export function greatest(values: Float32Array, first: number, last: number): number {
  let found = 0
  for (let at = first; at <= last; at++) if (values[at]! > found) found = values[at]!
  return found
}

export function least(values: Float32Array, first: number, last: number): number {
  let found = Infinity
  for (let at = first; at <= last; at++) if (values[at]! > 0 && values[at]! < found) found = values[at]!
  return found
}
