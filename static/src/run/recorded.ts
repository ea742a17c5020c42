/** A finished run: the same data as the live feed leaves behind, taken from its report. */

import { restOf } from './rows'
import { addCounts, Run, warmUpOf } from './run'
import { covered, extend, unfitness, type Span } from './fit'
import { Track } from './track'
import type { Report, Series } from './report'

const FIGURES: Record<string, string> = {
  users: 'active_users', rps: 'throughput', avg: 'avg', p50: 'p50', p90: 'p90', p95: 'p95', p99: 'p99', max: 'max',
  plannedUsers: 'planned_users', plannedRate: 'planned_rate', loopLag: 'loop_lag', sendLag: 'send_lag', cpu: 'process_cpu', nodeCount: 'node_count',
}
const COUNTS: Record<string, string> = { rate: 'iterations', requests: 'requests', errors: 'errors', dropped: 'dropped', late: 'late', sent: 'bytes_sent', received: 'bytes_received' }
const HEALTH = new Set(['loopLag', 'sendLag', 'cpu'])
const IN_A_PAUSE = new Set([...HEALTH, 'plannedUsers', 'plannedRate'])

export function fromReport(report: Report): Run {
  const run = new Run()
  const rests = writeSeries(run, report.series)
  writeSteps(run.steps, report, rests)
  run.beginPauses(report.pauses)
  writeNodes(run.nodes, report, run.pauses, rests)
  run.status = report.status
  for (const step of report.steps) run.stepNames.set(step.index, step.name)
  run.events = report.events
  run.warmUp = warmUpOf(report.warm_up)
  run.validity = report.validity
  run.end = report
  judgeSeries(run, report)
  report.metrics.errors.labels.forEach((label, at) => addCounts(run.failures, { [label]: report.metrics.errors.values[at] ?? 0 }))
  run.search.begin(report.search ?? null, report.mode ?? modeOf(report))
  run.version++
  return run
}

export function modeOf(report: Report) {
  if (!report.search) return 'concurrent'
  if (report.search.metric) return 'adaptive'
  return report.search.threshold === undefined ? 'step' : 'error_rate'
}

/** Unix second at which a run begins, from its first point or its start time. */
export function startOf(run: Run, startTime: string): number {
  return run.main.length ? run.main.times[0]! : Math.floor(Date.parse(startTime) / 1000)
}

/** Return the times of small rests. */
function writeSeries(run: Run, series: Series): ReadonlySet<number> {
  const track = run.main
  const rests = new Set<number>()
  const elapsed = (series.elapsed ?? []) as (number | null)[]
  series.timestamps.forEach((time, point) => {
    const row = track.push(time, series.width)
    if (row < 0) return
    // A run may have been shorter than half a second.
    const ran = point && elapsed.length ? (elapsed[point] ?? 0) - (elapsed[point - 1] ?? 0) : series.paused[point] ? 0 : series.width
    const rest = restOf(series.paused[point] === true, ran, series.width)
    run.lastRan = ran
    const read = (name: string) => (series[name] as (number | null)[] | undefined)?.[point]
    const left = rest === null ? null : rest === 'pause' ? IN_A_PAUSE : HEALTH
    for (const [column, name] of Object.entries(FIGURES)) if (!left || left.has(column)) track.set(column, row, read(name))
    if (rest === 'pause') return
    for (const [column, name] of Object.entries(COUNTS)) if (!rest || column !== 'rate') track.set(column, row, per(read(name), series.width))
    if (rest) return void rests.add(time)
    track.set('errorRate', row, read('requests') ? read('error_rate') : null)
    for (const name of ['p50', 'p90', 'p95', 'p99'] as const) track.set(`planP${name.slice(1)}`, row, series.latency_from_plan?.[name]?.[point])
  })
  return rests
}

function per(value: number | null | undefined, width: number): number | null {
  return value === null || value === undefined ? null : value / width
}

function writeSteps(track: Track, report: Report, rests: ReadonlySet<number>): void {
  const { timestamps, width, steps } = report.step_series
  timestamps.forEach((time, point) => {
    const row = track.push(time, width)
    if (row < 0 || rests.has(time)) return
    for (const step of steps) {
      track.set(`${step.index}:rps`, row, step.throughput?.[point])
      track.set(`${step.index}:p95`, row, step.p95?.[point])
      for (const [kind, values] of [['counter', step.counters], ['gauge', step.gauges]] as const) {
        for (const [name, list] of Object.entries((values ?? {}) as unknown as Record<string, (number | null)[]>)) {
          track.set(`${step.index}:${kind}:${name}`, row, list[point])
        }
      }
    }
  })
}

/** Nodes begin and end at different times, so their points are merged on one axis. */
function writeNodes(track: Track, report: Report, pauses: readonly Span[], rests: ReadonlySet<number>): void {
  const times = [...new Set(report.nodes.flatMap((node) => node.series.timestamps))].toSorted((a, b) => a - b)
  const width = Math.max(1, ...report.nodes.map((node) => node.series.width))
  const rows = new Map(times.map((time) => [time, track.push(time, width)]))
  for (const { node, series } of report.nodes) {
    series.timestamps.forEach((time, point) => {
      const row = rows.get(time)!
      if (rests.has(time) || covered(pauses, time, time + width) > width / 2) return
      track.set(`${node}:rps`, row, series.throughput[point])
      track.set(`${node}:users`, row, series.active_users[point])
      track.set(`${node}:cpu`, row, series.process_cpu[point])
      track.set(`${node}:lag`, row, series.loop_lag[point])
    })
  }
}

function judgeSeries(run: Run, report: Report): void {
  const { timestamps, width, paused } = report.series
  const read = (name: string, point: number) => (report.series[name] as (number | null)[] | undefined)?.[point] ?? null
  const losses = report.nodes.flatMap((node) => node.losses)
  timestamps.forEach((time, point) => {
    if (paused[point]) return
    // In time of the load, which is exact: when a loss was noticed is known to the second.
    const [since, until] = [read('elapsed', point - 1) ?? 0, read('elapsed', point) ?? 0]
    const gone = losses.some(({ elapsed: [from, to] }) => from < until && (to ?? Infinity) > since)
    const kind = gone ? 'lost' : unfitness({ loop_lag: read('loop_lag', point), send_lag: read('send_lag', point), process_cpu: read('process_cpu', point) })
    if (kind) extend(run.unfit, time, time + width, kind)
    if (kind) run.unfitWidth = width
  })
}
