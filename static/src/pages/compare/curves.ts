// The series of several runs laid over each other by the time since each began.
import type { Compared } from '@/api/compared'
import type { LaneData, LaneSpec } from '@/charts/lane'
import type { N } from '@/run/frames'
import type { Look } from './looks'

export interface Curve {
  name: string
  look: Look
  run: Compared
}

export function longest(runs: readonly Compared[]): number {
  return Math.max(1, ...runs.map(({ report: { series } }) => (series.timestamps.at(-1) ?? 0) - (series.timestamps[0] ?? 0) + series.width))
}

/** All curves of a figure on one axis; a run whose points are wider holds its value until the next. */
function laid(curves: readonly Curve[], figure: string): LaneData {
  const width = Math.min(...curves.map(({ run }) => run.report.series.width))
  const length = Math.ceil(longest(curves.map(({ run }) => run)) / width)
  const x = Float64Array.from({ length }, (_, at) => at * width)
  const drawn = curves.map(({ run: { report: { series } } }) => {
    const begin = series.timestamps[0] ?? 0
    const points = new Map(series.timestamps.map((time, at) => [Math.round((time - begin) / series.width), at]))
    const values = series[figure] as N[] | undefined
    return Float32Array.from(x, (time) => {
      const at = points.get(Math.floor(time / series.width))
      return at === undefined || series.paused[at] ? Number.NaN : (values?.[at] ?? Number.NaN)
    })
  })
  return { x, drawn }
}

interface Wanted {
  figure: string
  format: (value: number | null) => string
  rest: (run: Compared) => number | null
  log?: boolean
  axis?: boolean
  counts?: boolean
}

export function laneOf(curves: readonly Curve[], { figure, format, rest, log, axis, counts }: Wanted): LaneSpec {
  const data = laid(curves, figure)
  return {
    height: 150,
    log: log ?? false,
    axis: axis ?? false,
    counts: counts ?? false,
    data: () => data,
    lines: curves.map(({ name, look, run }) => ({
      key: run.id, label: name, token: look.token, style: 'line', format, rest: () => rest(run),
      ...(look.dash ? { dash: look.dash } : { width: 2 }),
    })),
  }
}
