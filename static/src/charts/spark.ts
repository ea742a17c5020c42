/** A sparkline: last value marked, what lies over a limit in red and thicker, the shape not flattened by one spike. */

import { t } from '@/i18n'
import { num } from '@/i18n/format'
import { prepared } from './canvas'
import { colour, faded } from './colours'

export interface SparkLook {
  width: number
  height: number
  token: string
  limit?: number | null
  fromZero?: boolean
}

export function drawSpark(canvas: HTMLCanvasElement, values: ArrayLike<number>, look: SparkLook): void {
  const { pen, width, height } = prepared(canvas, look.width, look.height)
  const [low, high] = boundsOf(values, look)
  const X = (at: number) => 2 + (at / Math.max(1, values.length - 1)) * (width - 7)
  const Y = (value: number) => height - 3 - ((Math.min(value, high) - low) / (high - low)) * (height - 6)
  const limit = look.limit ?? null
  if (limit !== null) {
    pen.strokeStyle = faded('--fail', 0.6)
    pen.setLineDash([3, 2])
    pen.beginPath()
    pen.moveTo(0, Y(limit))
    pen.lineTo(width - 4, Y(limit))
    pen.stroke()
    pen.setLineDash([])
  }
  pen.lineJoin = 'round'
  trace(pen, values, X, Y, () => true, colour(look.token), 1.4)
  if (limit !== null) trace(pen, values, X, Y, (value) => value >= limit, colour('--fail'), 2.2)
  const last = values[values.length - 1]
  if (last === undefined || Number.isNaN(last)) return
  pen.fillStyle = colour(limit !== null && last >= limit ? '--fail' : look.token)
  pen.beginPath()
  pen.arc(X(values.length - 1), Y(last), 2.2, 0, 7)
  pen.fill()
}

function boundsOf(values: ArrayLike<number>, look: SparkLook): [number, number] {
  const sorted = Float32Array.from(values).filter((value) => !Number.isNaN(value)).toSorted()
  let low = look.fromZero ? 0 : (sorted[0] ?? 0)
  let high = (sorted[Math.floor((sorted.length - 1) * 0.98)] ?? 1) * 1.04
  if (look.limit !== null && look.limit !== undefined) {
    high = Math.max(high, look.limit * 1.08)
    low = Math.min(low, look.limit)
  }
  return high > low ? [low, high] : [low, low + 1]
}

function trace(pen: CanvasRenderingContext2D, values: ArrayLike<number>, X: (at: number) => number, Y: (value: number) => number, takes: (value: number) => boolean, stroke: string, width: number): void {
  pen.strokeStyle = stroke
  pen.lineWidth = width
  pen.beginPath()
  let on = false
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!
    if (Number.isNaN(value) || !takes(value)) {
      on = false
      continue
    }
    if (on) pen.lineTo(X(at), Y(value))
    else pen.moveTo(X(at), Y(value))
    on = true
  }
  pen.stroke()
}

/** A line in words: its last, least and greatest value. */
export function sparkWords(title: string, values: ArrayLike<number>): string {
  let [last, low, high] = [NaN, Infinity, -Infinity]
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!
    if (Number.isNaN(value)) continue
    last = value
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (Number.isNaN(last)) return t('charts.sparkNone', { title })
  const say = (value: number) => num(value, value && Math.abs(value) < 10 ? 2 : 0)
  return t('charts.sparkOf', { title, last: say(last), low: say(low), high: say(high) })
}

/** About so many points of a longer list; of each stretch its greatest, so that no peak is lost. */
export function thinned(values: Float32Array, points: number): Float32Array {
  if (values.length <= points) return values
  const found = new Float32Array(points).fill(NaN)
  const each = values.length / points
  for (let at = 0; at < points; at++) {
    for (let row = Math.floor(at * each); row < Math.floor((at + 1) * each); row++) {
      const value = values[row]!
      if (Number.isNaN(value)) continue
      if (Number.isNaN(found[at]!) || value > found[at]!) found[at] = value
    }
  }
  return found
}
