/** One lane of a sheet: told what to draw (lines, unit, limit), it knows how. Draws with uPlot, outside of Vue. */

import uPlot from 'uplot'
import { covers } from '@/run/fit'
import { grouped, NONE, span } from '@/i18n/format'
import { colour, font } from './colours'
import { above, below, limitLine, lineNames, unfitSeconds } from './ground'
import type { ChartGroup } from './group'
import { gutter } from './gutter'
import { greatest, least } from './paths'
import { Picture, type Shape } from './picture'
import { logBounds, logTicks, ticks, timeStep, timeTicks } from './scales'
import { timeLabels } from './timeLabels'

export interface Line {
  /** Stable name, for tables and read-outs. */
  key: string
  /** In the legend; a line without one is only drawn. */
  label?: string
  token: string
  style: 'line' | 'step' | 'area' | 'stack' | 'hatch'
  dash?: number[]
  width?: number
  fill?: number
  format: (value: number | null) => string
  /** Reads “at least” in seconds of an unfit generator. */
  rate?: boolean
  /** Value where there is no cursor and no “now”: of the whole window. */
  rest?: () => number | null
  /** What the value at rest is, around it. */
  restText?: (value: string) => string
  /** At rest, where it is not formatted as each point is. */
  restFormat?: (value: number) => string
  restAtLeast?: () => boolean
  /** At its end, right of now. */
  name?: string
}
export interface LaneData {
  x: Float64Array
  /** Of each line, as drawn. */
  drawn: Float32Array[]
  /** Of each line, as told; `drawn` where absent. */
  told?: Float32Array[]
  /** While it stays, rows are only added; absent where that is not known. */
  edition?: number
}
interface BandSpec {
  lower: number
  upper: number
  token: string
  alpha: number
  hatched?: boolean
  /** First and last row, where it is not for all. */
  rows?: readonly [number, number]
}
export interface LaneSpec {
  lines: Line[]
  data: () => LaneData
  height: number
  /** Carries the time axis of the sheet. */
  axis?: boolean
  /** Its values are whole numbers, and so are its ticks. */
  counts?: boolean
  log?: boolean
  /** The top of the scale is at least this. */
  room?: () => number
  limit?: { value: number; name: string } | null
  /** Filled areas between two lines, by their places. */
  bands?: () => BandSpec[]
  ground?: (u: uPlot) => void
  /** What the ground shows at a moment. */
  groundWords?: (time: number) => string
  over?: (u: uPlot) => void
  /** The bottom of a logarithmic scale is at most this. */
  least?: () => number
  tick?: (value: number) => string
}

const AXIS = 26
/** Of a letter in a label that is centred on its tick. */
const HALF_PX = 4

export class LaneChart {
  u: uPlot
  private readouts: { element: HTMLElement; line: number }[] = []
  private readonly observer: ResizeObserver
  private lastData: LaneData
  /** Of the values; found once for each change. */
  private bound: [number, number]
  private seen = true
  private stale = false
  private readonly picture = new Picture()
  private readonly sight: IntersectionObserver

  constructor(
    private readonly box: HTMLElement,
    private readonly spec: LaneSpec,
    private readonly group: ChartGroup,
  ) {
    this.lastData = spec.data()
    this.bound = this.bounds()
    this.u = this.build()
    group.add(this)
    this.observer = new ResizeObserver(([entry]) => this.fit(Math.floor(entry!.contentRect.width)))
    this.observer.observe(box)
    this.sight = new IntersectionObserver(([entry]) => this.sighted(entry!.isIntersecting), { rootMargin: '200px' })
    this.sight.observe(box)
  }

  /** Elements that show the value of a line. */
  show(readouts: { element: HTMLElement; line: number }[]): void {
    this.readouts = readouts
    this.readOut()
  }

  /** Draw what is new; lanes that are out of sight wait unless all are wanted, as for print. */
  refresh(all = false): void {
    this.lastData = this.spec.data()
    if (!this.seen && !all) {
      this.stale = true
      return
    }
    this.stale = false
    this.u.batch(() => {
      this.u.setData([this.lastData.x, ...this.lastData.drawn] as unknown as uPlot.AlignedData, false)
      this.u.setScale('x', { min: this.group.range[0], max: this.group.range[1] })
      this.bound = this.bounds()
      this.u.setScale('y', { min: this.bound[0], max: this.bound[1] })
    })
  }

  rebuild(): void {
    this.u.destroy()
    this.u = this.build()
    this.refresh(true)
    this.readOut()
  }

  destroy(): void {
    this.group.remove(this)
    this.observer.disconnect()
    this.sight.disconnect()
    this.u.destroy()
  }

  point(time: number | null): void {
    if (time === null) this.u.setCursor({ left: -10, top: -10 }, false)
    else this.u.setCursor({ left: this.u.valToPos(time, 'x'), top: 10 }, false)
  }

  /** Row that the read-out is about; null at rest in a finished run. */
  private row(): number | null {
    const { x } = this.lastData
    const time = this.group.cursor ?? this.group.ground.now
    if (time === null) return null
    let row = x.length - 1
    while (row > 0 && x[row]! > time) row--
    return this.group.cursor === null && row < 0 ? null : row
  }

  readOut(): void {
    const row = this.row()
    for (const { element, line: at } of this.readouts) {
      const text = this.textOf(at, row)
      if (element.textContent === text) continue
      element.textContent = text
      element.classList.toggle('warn', text.includes('≥'))
    }
  }

  /** The value of a line in words. */
  textOf(at: number, row = this.row()): string {
    const spec = this.spec.lines[at]!
    if (row === null) {
      const value = spec.rest?.() ?? null
      if (value === null) return NONE
      const text = `${spec.restAtLeast?.() ? '≥ ' : ''}${(spec.restFormat ?? spec.format)(value)}`
      return spec.restText?.(text) ?? text
    }
    const value = (this.lastData.told ?? this.lastData.drawn)[at]?.[row]
    if (value === undefined || Number.isNaN(value)) return NONE
    const unfit = spec.rate && covers(this.group.ground.unfit, this.lastData.x[row]!)
    return `${unfit ? '≥ ' : ''}${spec.format(value)}`
  }

  /** All values of the lane in words. */
  words(): string {
    const time = this.group.cursor
    const ground = time === null ? '' : (this.spec.groundWords?.(time) ?? '')
    return [...this.spec.lines.flatMap((line, at) => (line.label ? [`${line.label} ${this.textOf(at)}`] : [])), ground].filter(Boolean).join(', ')
  }

  private sighted(seen: boolean): void {
    this.seen = seen
    if (seen && this.stale) this.refresh()
  }

  private fit(width: number): void {
    this.group.width = width
    if (width <= 0 || width === this.u.width) return
    this.u.setSize({ width, height: this.u.height })
    this.group.resized()
  }

  /** Measured once for all lanes: each that is built would force the layout of what the one before has changed. */
  private get width(): number {
    this.group.width ||= Math.floor(this.box.clientWidth)
    return this.group.width
  }

  private build(): uPlot {
    const { spec, group } = this
    const options: uPlot.Options = {
      width: Math.max(this.width, 60),
      height: spec.height + (spec.axis ? AXIS : 0),
      padding: [8, 0, spec.axis ? 0 : 8, 0],
      legend: { show: false },
      focus: { alpha: 1 },
      cursor: this.cursorOptions(),
      scales: {
        x: { time: false, auto: false, range: () => group.range },
        y: { distr: spec.log ? 3 : 1, auto: false, range: () => this.bound },
      },
      axes: [this.timeAxis(), this.valueAxis()],
      // Known to the cursor, drawn by `lines`.
      series: [{}, ...spec.lines.map(() => ({ paths: () => null, points: { show: false }, auto: false }))],
      hooks: {
        drawClear: [(u) => this.under(u)],
        drawAxes: [(u) => this.lines(u)],
        draw: [(u) => this.onTop(u)],
        setCursor: [(u) => this.cursorMoved(u)],
        setSelect: [(u) => this.selected(u)],
      },
    }
    return new uPlot(options, [this.lastData.x, ...this.lastData.drawn] as unknown as uPlot.AlignedData, this.box)
  }

  private cursorOptions(): uPlot.Cursor {
    const { group } = this
    return {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false, dist: 6 },
      sync: { key: group.key, setSeries: false, scales: ['x', null], filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' } },
      bind: {
        dblclick: () => () => {
          group.reset()
          return null
        },
      },
    }
  }

  private bounds(): [number, number] {
    const { spec, lastData, group } = this
    const [first, last] = rowsIn(lastData.x, group.range)
    const top = lastData.drawn.reduce((found, column) => Math.max(found, greatest(column, first, last)), 0)
    const max = Math.max(top, spec.room?.() ?? 0, spec.limit?.value ?? 0)
    if (!spec.log) return [0, max > 0 ? max * 1.12 : 1]
    const low = lastData.drawn.reduce((found, column) => Math.min(found, least(column, first, last)), Infinity)
    return logBounds(Math.min(low, spec.least?.() ?? Infinity), max)
  }

  private timeAxis(): uPlot.Axis {
    const { spec, group } = this
    return {
      ...axisLook(),
      size: spec.axis ? AXIS : 0,
      gap: 6,
      splits: (u) => timeTicks(group.range[0], group.range[1], timeStep(group.range[1] - group.range[0], u.width), group.elapsed),
      values: (u, found) => (spec.axis ? labels(u, found as number[], group) : found.map(() => null)),
    }
  }

  private valueAxis(): uPlot.Axis {
    const { spec } = this
    const few = Math.max(2, Math.round(spec.height / 45))
    return {
      ...axisLook(),
      size: gutter(),
      gap: 6,
      filter: (_, found) => found,
      splits: (_u, _axis, min, max) => (spec.log ? logTicks(min, max) : ticks(max, few, spec.counts)),
      values: (_, found) => found.map((value) => (spec.tick ? spec.tick(value) : short(value))),
    }
  }

  private under(u: uPlot): void {
    below(u, this.group.ground)
    if (!this.covering) unfitSeconds(u, this.group.ground, false)
    this.spec.ground?.(u)
  }

  /** Whether its areas would hide what lies below them. */
  private get covering(): boolean {
    return this.spec.lines.length > 0 && this.spec.lines.every((line) => line.style === 'stack')
  }

  private lines(u: uPlot): void {
    const { x, drawn, edition } = this.lastData
    if (!x.length) return
    const shapes = this.spec.lines.map((line, at) => shapeOf(line, drawn[at]!))
    const bands = (this.spec.bands?.() ?? []).map((band) => ({ ...band, lower: drawn[band.lower]!, upper: drawn[band.upper]! }))
    const { range, moving, origin } = this.group
    this.picture.draw(u, { times: x, rows: rowsIn(x, range), edition, moving, origin, bands, shapes })
    if (this.covering) unfitSeconds(u, this.group.ground, true)
  }

  private onTop(u: uPlot): void {
    const { spec, group, lastData } = this
    above(u, group.ground)
    if (spec.limit) limitLine(u, spec.limit.value, spec.limit.name)
    if (group.ground.now !== null) {
      const last = lastData.x.length - 1
      const names = spec.lines.flatMap((each, at) => {
        const value = lastData.drawn[at]?.[last]
        return each.name && value !== undefined && !Number.isNaN(value) ? [{ label: each.name, token: each.token, value }] : []
      })
      lineNames(u, group.ground.now, names)
    }
    spec.over?.(u)
  }

  private cursorMoved(u: uPlot): void {
    // All lanes hear of it through the group; one of them is enough to tell.
    if (!u.over.matches(':hover') && u.cursor.event) return
    const { left, idx } = u.cursor
    if (left === undefined || left < 0 || idx === null || idx === undefined) this.group.moved(null)
    else this.group.moved(this.lastData.x[idx] ?? null)
  }

  private selected(u: uPlot): void {
    const { left, width } = u.select
    if (width < 6) return
    const [from, to] = [u.posToVal(left, 'x'), u.posToVal(left + width, 'x')]
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
    this.group.brush({ from, to })
  }
}

function shapeOf({ token, style, width, dash, fill }: Line, values: Float32Array): Shape {
  const stack = style === 'stack'
  return { token, values, dash, width: stack ? 0 : (width ?? 1.5), steps: stack || style === 'step', fill: fill ?? (stack ? 1 : 0) }
}

function axisLook(): Partial<uPlot.Axis> {
  return {
    show: true,
    stroke: () => colour('--second'),
    font: font(11),
    ticks: { show: false },
    grid: { stroke: () => colour('--line-soft'), width: 1 },
  }
}

function labels(u: uPlot, found: number[], { range, elapsed, dated }: ChartGroup): (string | null)[] {
  const room = ((u.width - gutter()) / (range[1] - range[0])) || 0
  const words = elapsed ? found.map((tick) => span(tick)) : timeLabels(found, dated, (found[1]! - found[0]!) * room)
  return found.map((tick, at) => ((range[1] - tick) * room < HALF_PX * words[at]!.length ? null : words[at]!))
}

/** Rows of a window, with the last one before it and the first one after it: lines go to its edges. */
function rowsIn(x: Float64Array, [from, to]: [number, number]): [number, number] {
  return [Math.max(0, beyond(x, from) - 1), Math.min(x.length - 1, beyond(x, to))]
}

/** The first row that is not before a time; rows are in order of time. */
function beyond(x: Float64Array, time: number): number {
  let [low, high] = [0, x.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (x[middle]! < time) low = middle + 1
    else high = middle
  }
  return low
}

function short(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`
  return grouped(String(Number(value.toFixed(value < 1 ? 2 : value < 10 ? 1 : 0))))
}
