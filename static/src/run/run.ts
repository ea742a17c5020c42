/** A run as data: what its feed or its report says, kept so that charts can draw from it. No Vue in here. */

import { SearchStory } from './search'
import { extend, unfitness } from './fit'
import { Pauses } from './pauses'
import { restOf, writeNode, writeSecond, writeStep } from './rows'
import { Track } from './track'
import type { Span, UnfitSpan } from './fit'
import type { Cause, Counts, EndData, Frame, MetricsData, RunEvent, RunInfo, RunStatus, Second, ThresholdState, ValidityState, WarmUp } from './frames'

const ENDED = new Set<RunStatus>(['completed', 'stopped', 'failed'])

export class Run {
  readonly main = new Track()
  readonly steps = new Track()
  readonly nodes = new Track()
  info: RunInfo | null = null
  status: RunStatus | null = null
  latest: MetricsData | null = null
  /** Rows of steps from before the page was opened: they hold three figures only. */
  earlierSteps = 0
  /** Names of all measured steps by index; a second holds only those that were busy in it. */
  readonly stepNames = new Map<number, string>()
  /** Requests and errors of each step since the beginning. */
  readonly stepCounts = new Map<number, { requests: number; errors: number }>()
  thresholds: ThresholdState[] = []
  events: RunEvent[] = []
  private readonly stops = new Pauses()
  /** The first seconds, which are in no figure; null where there are none. */
  warmUp: Span | null = null
  unfit: UnfitSpan[] = []
  /** The widest point, s, of which one second made it unfit as a whole. */
  unfitWidth = 1
  failures: Counts = {}
  statuses: Counts = {}
  validity: { state: ValidityState; causes: Cause[] } | null = null
  readonly search = new SearchStory()
  end: EndData | null = null
  /** Seconds that the history held; what is not in it is not known. */
  complete = true
  version = 0
  /** Time of the load profile at the end of the last row, and the part of it in that row. */
  private elapsed: number | null = null
  lastRan = 1

  get ended(): boolean {
    return this.status !== null && ENDED.has(this.status)
  }

  /** When the load was over: its last second may be a short one. */
  get over(): number {
    return Math.min(this.main.end, this.main.last + Math.max(this.lastRan, 0.001))
  }

  get pauses(): readonly Span[] {
    return this.stops.all
  }

  /** Pauses as the service tells them. */
  beginPauses(blocks: readonly { start: number; end: number }[]): void {
    this.stops.begin(blocks.map(({ start, end }) => ({ from: start, to: end })))
  }

  get empty(): boolean {
    return this.main.length === 0
  }

  /** Take in a frame; types that are not known are left out. */
  take(frame: Frame): void {
    this.version++
    switch (frame.type) {
      case 'run':
        return this.begin(frame.data)
      case 'history':
        return this.remember(frame.data, frame.complete ?? true)
      case 'metrics':
        return this.second(frame.timestamp, frame.data)
      case 'status':
        this.status = frame.data.status
        return
      case 'event':
        return this.note(frame.data)
      case 'search':
        return this.search.take(frame.data.row, frame.data.bracket, frame.data.complete)
      case 'end':
        this.end = frame.data
        this.status = frame.data.status
    }
  }

  private begin(info: RunInfo): void {
    this.info = info
    this.status = info.status
    this.warmUp = warmUpOf(info.warm_up)
    this.thresholds = info.thresholds
    this.failures = { ...info.errors.failures }
    this.statuses = { ...info.errors.statuses }
    this.validity = info.validity
    // Second by second, which the points of a history may be too wide for.
    if (info.pauses) this.beginPauses(info.pauses)
    if (info.unfit) this.unfitWidth = 1
    if (info.unfit) this.unfit = info.unfit.map(({ start, end, kind }) => ({ from: start, to: end, kind: kind as UnfitSpan['kind'] }))
    this.search.begin(info.search, info.mode)
    info.events.forEach((event) => this.note(event))
    for (const scene of info.scenes) for (const step of scene.steps) if (step.index !== null) this.stepNames.set(step.index, step.name)
    if (!this.steps.length) this.stepsSoFar(info.steps)
  }

  private stepsSoFar(series: RunInfo['steps']): void {
    series.timestamps.forEach((time, point) => {
      const row = this.steps.push(time, series.width)
      if (row < 0) return
      for (const step of series.steps) {
        this.steps.set(`${step.index}:rps`, row, step.rps[point])
        this.steps.set(`${step.index}:p95`, row, step.p95[point])
        this.steps.set(`${step.index}:errorRate`, row, step.error_rate[point])
        const requests = (step.rps[point] ?? 0) * series.width
        this.count(step.index, requests, (requests * (step.error_rate[point] ?? 0)) / 100)
      }
    })
    this.earlierSteps = this.steps.length
  }

  /** What was before; with `since` only what is new, so nothing is thrown away. */
  private remember(points: (Second & { timestamp: number })[], complete: boolean): void {
    const first = points[0]
    if (first && first.timestamp <= this.main.last) this.forget()
    this.complete = complete
    for (const point of points) this.add(point.timestamp, point, true)
  }

  private forget(): void {
    this.main.clear()
    this.elapsed = null
    if (!this.info?.pauses) this.beginPauses([])
    if (!this.info?.unfit) this.unfit = []
  }

  private second(time: number, data: MetricsData): void {
    if (!this.add(time, data)) return
    this.latest = data
    if (data.warm_up) this.warmUp = { from: this.warmUp?.from ?? time, to: time + data.width }
    this.validity = { state: data.validity, causes: data.validity_texts ?? this.validity?.causes ?? [] }
    if (data.thresholds) this.thresholds = data.thresholds
    addCounts(this.failures, data.failures)
    addCounts(this.statuses, data.statuses)
  }

  private add(time: number, data: Second, earlier = false): boolean {
    const row = this.main.push(time, data.width)
    if (row < 0) return false
    const ran = this.ranFor(data)
    writeSecond(this.main, row, data, restOf(data.paused, ran, data.width))
    this.lastRan = ran
    if (!earlier || !this.info?.pauses) this.stops.second(time, data, ran)
    if (!earlier || !this.info?.unfit) this.judge(time, data)
    this.elapsed = data.elapsed
    if (data.steps?.length) {
      const at = this.steps.push(time, data.width)
      data.steps.forEach((step) => {
        this.stepNames.set(step.index, step.name)
        if (at < 0) return
        writeStep(this.steps, at, step, data.width)
        if (!data.warm_up) this.count(step.index, step.requests, step.errors)
      })
    }
    if (data.nodes?.length) {
      const at = this.nodes.push(time, data.width)
      if (at >= 0) data.nodes.forEach((node) => writeNode(this.nodes, at, node))
    }
    return true
  }

  private count(step: number, requests: number, errors: number): void {
    const sums = this.stepCounts.get(step) ?? { requests: 0, errors: 0 }
    sums.requests += requests
    sums.errors += errors
    this.stepCounts.set(step, sums)
  }

  /** For how much of a second the load went on. */
  private ranFor({ paused, width, elapsed }: Second): number {
    if (this.elapsed === null) return paused ? 0 : width
    return elapsed - this.elapsed
  }

  private judge(time: number, data: Second): void {
    const kind = data.paused ? null : unfitness(data)
    if (!kind) return
    extend(this.unfit, time, time + data.width, kind)
    this.unfitWidth = Math.max(this.unfitWidth, data.width)
  }

  private note(event: RunEvent): void {
    const known = this.events.some((other) => other.event === event.event && other.elapsed === event.elapsed && other.timestamp === event.timestamp && other.node === event.node && other.level === event.level && other.by === event.by)
    if (known) return
    this.events.push(event)
    this.stops.event(event)
  }
}

export function warmUpOf(block: WarmUp | null | undefined): Span | null {
  return block && block.start !== null && block.end !== null ? { from: block.start, to: block.end } : null
}

export function addCounts(sums: Counts, more: Counts | null | undefined): void {
  for (const [name, count] of Object.entries(more ?? {})) sums[name] = (sums[name] ?? 0) + count
}
