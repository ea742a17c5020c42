/** A sparkline as paths of an SVG: last value marked, what lies over a limit apart, the shape not flattened by one spike. */

import { t } from '@/i18n'
import { num } from '@/i18n/format'

interface SparkLook {
  width: number
  height: number
  limit?: number | null
  fromZero?: boolean
}
export interface SparkShape {
  line: string
  /** What reaches the limit. */
  over: string
  /** Height of the limit; null without a limit. */
  limit: number | null
  /** The last value; null where it was not measured. */
  end: { x: number; y: number; over: boolean } | null
}

export function sparkShape(values: ArrayLike<number>, look: SparkLook): SparkShape {
  const { width, height } = look
  const limit = look.limit ?? null
  const [low, high] = boundsOf(values, look)
  const X = (at: number) => tenths(2 + (at / Math.max(1, values.length - 1)) * (width - 7))
  const Y = (value: number) => tenths(height - 3 - ((Math.min(value, high) - low) / (high - low)) * (height - 6))
  const last = values[values.length - 1]
  return {
    line: traced(values, X, Y, -Infinity),
    over: limit === null ? '' : traced(values, X, Y, limit),
    limit: limit === null ? null : Y(limit),
    end: last === undefined || Number.isNaN(last) ? null : { x: X(values.length - 1), y: Y(last), over: limit !== null && last >= limit },
  }
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10
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

/** The values from `least` on; where one is missing the line breaks. */
function traced(values: ArrayLike<number>, X: (at: number) => number, Y: (value: number) => number, least: number): string {
  let path = ''
  let on = false
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!
    const known = value >= least
    if (known) path += `${on ? 'L' : 'M'}${X(at)} ${Y(value)}`
    on = known
  }
  return path
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
