/** Paths of few points for uPlot, from typed arrays; a line breaks where a value is NaN. Many points are drawn by columns. */

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

type Columns = { xs: Float64Array; ys: Float32Array }

function columnsOf(u: uPlot, index: number): Columns {
  return { xs: u.data[0] as unknown as Float64Array, ys: u.data[index] as unknown as Float32Array }
}

export const line: uPlot.Series.PathBuilder = (u, index, first, last) => {
  const stroke = new Path2D()
  const { xs, ys } = columnsOf(u, index)
  const [X, Y] = [scaleOf(u, 'x'), scaleOf(u, 'y')]
  let drawing = false
  for (let at = first; at <= last; at++) {
    const value = ys[at]!
    if (value !== value) drawing = false
    else if (drawing) stroke.lineTo(X(xs[at]!), Y(value))
    else {
      stroke.moveTo(X(xs[at]!), Y(value))
      drawing = true
    }
  }
  return { stroke }
}

/** The area between two lines, where both are known and `upper` lies above. */
export function between(u: uPlot, lower: number, upper: number): Path2D {
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
  for (let at = 0; at < xs.length; at++) {
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
