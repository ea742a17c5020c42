/** Charts that share one time axis: one cursor, one window, one ground of pauses and unfit seconds. */

import type { Span, UnfitSpan } from '@/run/fit'
import { gutter } from './gutter'

type Range = [number, number]

export interface Ground {
  /** Unix seconds; null once the run is over. */
  now: number | null
  pauses: readonly Span[]
  warmUp: Span | null
  unfit: readonly UnfitSpan[]
  /** Where a line goes through all lanes. */
  lines: readonly { at: number; tone: 'plain' | 'hand' | 'bad' | 'pin' }[]
}

/** What a group needs of a chart. */
interface GroupedChart {
  /** Draw what changed. */
  refresh: () => void
  /** Draw everything again. */
  rebuild: () => void
  readOut: () => void
  point: (time: number | null) => void
  /** Figures at the cursor, in words. */
  words: () => string
}

export class ChartGroup {
  range: Range = [0, 1]
  /** Seconds of a pixel of the canvas while the range moves on; 0 where it stays. */
  moving = 0
  /** Pixels from the beginning of time to a range that moves on. */
  origin = 0
  /** Times are seconds since a beginning, not Unix seconds. */
  elapsed = false
  /** They are of several days: a time of day alone would come twice. */
  dated = false
  ground: Ground = { now: null, pauses: [], warmUp: null, unfit: [], lines: [] }
  /** Of every lane, in pixels; 0 when it is to be measured. */
  width = 0
  /** Time under the cursor; null at rest. */
  cursor: number | null = null
  readonly key = `charts-${Math.random().toString(36).slice(2)}`
  private readonly lanes = new Set<GroupedChart>()
  private readonly listeners = new Set<() => void>()
  private readonly cursorListeners = new Set<(time: number | null) => void>()

  constructor(
    private readonly onBrush: (span: Span) => void,
    private readonly onReset: () => void,
  ) {}

  /** Show a part that moves on with time: by whole pixels, so that what was drawn stays as it is. */
  follow([from, to]: Range): void {
    const pixels = (this.width - gutter()) * devicePixelRatio
    if (pixels <= 0) return this.show([from, to])
    const pixel = (to - from) / pixels
    this.origin = Math.floor(from / pixel)
    this.range = [this.origin * pixel, this.origin * pixel + to - from]
    this.moving = pixel
  }

  show(range: Range): void {
    this.range = range
    this.origin = this.moving = 0
  }

  add(lane: GroupedChart): void {
    this.lanes.add(lane)
  }

  remove(lane: GroupedChart): void {
    this.lanes.delete(lane)
  }

  /** Called after each change of data, range or ground. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  onCursor(listener: (time: number | null) => void): () => void {
    this.cursorListeners.add(listener)
    return () => this.cursorListeners.delete(listener)
  }

  brush(span: Span): void {
    this.onBrush(span)
  }

  reset(): void {
    this.onReset()
  }

  /** Draw all lanes. */
  draw(): void {
    for (const lane of this.lanes) lane.refresh()
    // After all are drawn: a canvas that is given a font makes the browser style what has changed in the page by then.
    for (const lane of this.lanes) lane.readOut()
    this.listeners.forEach((listener) => listener())
  }

  /** A lane has another width: what lies over it moves. */
  resized(): void {
    this.listeners.forEach((listener) => listener())
  }

  /** The theme has changed, or the paper. */
  rebuild(): void {
    this.width = 0
    for (const lane of this.lanes) lane.rebuild()
    this.listeners.forEach((listener) => listener())
  }

  moved(time: number | null): void {
    if (time === this.cursor) return
    this.cursor = time
    for (const lane of this.lanes) lane.readOut()
    this.cursorListeners.forEach((listener) => listener(time))
  }

  /** The values under the cursor in words. */
  told(): string {
    return [...this.lanes].map((lane) => lane.words()).filter(Boolean).join('; ')
  }

  /** Put the cursor of all lanes at a moment; null takes it away. */
  point(time: number | null): void {
    for (const lane of this.lanes) lane.point(time)
    this.moved(time)
  }
}
