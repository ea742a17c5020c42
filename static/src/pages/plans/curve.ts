// The geometry of the drawn load curve: scales, paths, and how far one drag or key press goes.
import type { LoadConfig } from '@/load/config'
import { isSearch, modeOf } from '@/load/modes'
import { lengthOf, peakOf, type Point, pointsOf } from '@/load/profile'
import { loadScale, type Scale, timeScale } from '@/load/scale'
import { holdSketch, searchSketch, type SearchSketch } from '@/load/sketch'

export const HEIGHT = 296
const MARGIN = { left: 52, right: 64, top: 34, bottom: 30 }

export interface Drawing {
  points: Point[]
  search: SearchSketch | null
  /** The band that the search closes in on, or that a held target moves in. */
  band: { from: number; to: number; low: number; high: number } | null
  /** Where a held target begins to be judged. */
  settled: number | null
  guess: boolean
}

export function drawingOf(config: LoadConfig, knee?: number): Drawing {
  const mode = modeOf(config)
  const plain = { search: null, band: null, settled: null, guess: isSearch(mode) }
  if (mode === 'break') {
    const search = searchSketch(config, knee)
    const points = search.levels.flatMap(({ from, to, load }) => [{ at: from, load }, { at: to, load }])
    return { ...plain, points, search, band: { from: 0, to: lengthOf(points), low: search.low, high: search.high } }
  }
  if (mode !== 'hold') return { ...plain, points: pointsOf(config) }
  const sketch = holdSketch(config)
  const band = { from: sketch.settled, to: lengthOf(sketch.points), low: sketch.guess * 0.9, high: sketch.guess * 1.1 }
  return { ...plain, points: sketch.points, band, settled: sketch.settled }
}

export interface Frame {
  width: number
  left: number
  right: number
  top: number
  bottom: number
  time: Scale
  load: Scale
  x: (at: number) => number
  y: (load: number) => number
}

export function frameOf(width: number, points: Point[], users: boolean, kept?: { time: Scale; load: Scale }): Frame {
  const time = kept ? { ...kept.time, max: Math.max(kept.time.max, lengthOf(points)) } : timeScale(lengthOf(points), width / 90)
  const load = kept?.load ?? loadScale(Math.max(peakOf(points), 1) * 1.14, users)
  const [left, right, top, bottom] = [MARGIN.left, width - MARGIN.right, MARGIN.top, HEIGHT - MARGIN.bottom]
  return {
    width, left, right, top, bottom, time, load,
    x: (at) => left + (at / time.max) * (right - left),
    y: (level) => bottom - (Math.min(level, load.max * 1.2) / load.max) * (bottom - top),
  }
}

export function pathOf(points: Point[], { x, y }: Frame): string {
  return points.map(({ at, load }, i) => `${i ? 'L' : 'M'}${x(at).toFixed(1)} ${y(load).toFixed(1)}`).join('')
}

export function ticksOf({ max, step }: Scale): number[] {
  const count = Math.min(Math.floor(max / step + 1e-9), 40)
  return Array.from({ length: count + 1 }, (_, i) => Math.round(i * step * 1e6) / 1e6)
}

/** What a value snaps to: a tenth of a step of the scale, rounded to 1, 2 or 5. */
export function snapOf({ step }: Scale, least: number): number {
  const raw = step / 10
  const power = 10 ** Math.floor(Math.log10(raw))
  const size = [1, 2, 5, 10].find((part) => part * power >= raw * 0.99)! * power
  return Math.max(least, size)
}

export function snapped(value: number, snap: number): number {
  return Math.max(0, Math.round(value / snap) * snap)
}
