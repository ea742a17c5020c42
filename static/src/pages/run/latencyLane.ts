// Response time over time: three percentiles, the chosen one in front, and the wait before requests were sent.
import { callout } from '@/charts/ground'
import type { LaneSpec, Line } from '@/charts/lane'
import { scaleOf } from '@/charts/paths'
import { t } from '@/i18n'
import { ms, num } from '@/i18n/format'
import { DerivedColumns } from '@/run/derivedColumns'
import { blank, columnOf, type Maker } from './lanes'
import { beside, fromPlan } from './percentile'

/** A wait is named where it is at least this long, ms, and this share of the response time. */
const NAMED_MS = 20
const NAMED_SHARE = 0.5

export function latencyLane({ view, range }: Maker, log: boolean, resting: (figure: string) => number | null): LaneSpec {
  const { track, name } = columnOf(view)
  const waits = new DerivedColumns()
  const chosen = view.percentile.value
  const planColumn = fromPlan(chosen)
  const has = (figure: string) => track().has(name(figure))
  const planned = has(planColumn)
  const wait = (): Float32Array => {
    const [from, to] = [track().column(name(chosen)), track().column(name(planColumn))]
    return waits.column(0, track(), name(chosen), (row) => Math.max(0, to[row]! - from[row]!))
  }
  const figures: [string, Line][] = []
  const add = (column: string, line: Omit<Line, 'style' | 'format' | 'key'>) => figures.push([column, { style: 'line', format: ms, key: column, rest: () => resting(column), ...line }])
  const named = (figure: string) => ({ label: `${figure} (TP${figure.slice(1)})`, name: figure, token: `--${figure}` })
  const others = new Set<string>(beside(chosen).filter((figure) => has(figure)))
  for (const figure of ['p99', 'p95', 'p90', 'p50'] as const) {
    if (figure === chosen) {
      add(figure, { ...named(figure), width: 2 })
      if (planned) add(planColumn, { label: t('run.sheet.fromPlan', { p: figure }), name: t('run.sheet.fromPlanShort', { p: figure }), token: '--wait', dash: [5, 3], width: 1.25 })
    } else if (others.has(figure)) add(figure, { ...named(figure), width: 1.2 })
  }
  const place = (column: string) => figures.findIndex(([each]) => each === column)
  const lines = figures.map(([, line]) => line)
  if (planned) lines.push({ key: 'wait', label: t('run.sheet.waited'), token: '--wait', style: 'stack', format: ms, rest: () => difference(resting(planColumn), resting(chosen)) })
  return {
    lines,
    log,
    height: view.live.value ? 220 : 240,
    bands: planned ? () => [{ lower: place(chosen), upper: place(planColumn), token: '--wait', alpha: 0.32 }] : undefined,
    data: () => {
      const columns = figures.map(([column]) => track().column(name(column)))
      const { times: x, edition } = track()
      return planned ? { x, edition, drawn: [...columns, blank(track())], told: [...columns, wait()] } : { x, edition, drawn: columns }
    },
    over: planned
      ? (u) => {
          const row = longest(wait(), track().column(name(chosen)), track().rows(...range()))
          if (row < 0) return
          const top = track().column(name(planColumn))[row]!
          callout(u, track().times[row]!, scaleOf(u, 'y')(top), t('run.sheet.waitedUpTo', { time: long(wait()[row]!) }), '--wait')
        }
      : undefined,
  }
}

/** Where the wait was longest, if it was long enough to be named; else -1. */
function longest(wait: Float32Array, sent: Float32Array, [first, beyond]: [number, number]): number {
  let found = -1
  for (let row = first; row < beyond; row++) {
    if (!(wait[row]! >= NAMED_MS && wait[row]! >= NAMED_SHARE * sent[row]!)) continue
    if (found < 0 || wait[row]! > wait[found]!) found = row
  }
  return found
}

function long(value: number): string {
  return value >= 1000 ? `${num(value / 1000, 1)} s` : `${ms(value)} ms`
}

function difference(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : Math.max(0, a - b)
}
