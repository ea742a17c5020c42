/** One second of a run, written into the columns of tracks. */

import type { NodeSecond, Second, Counts, StepSecond } from './frames'
import type { Track } from './track'

/** What is counted, in the smallest rest too. Rates stay rates when a point spans more than a second. */
const COUNTS: Record<string, (second: Second) => number | null | undefined> = {
  errors: (s) => s.errors / s.width,
  requests: (s) => s.requests / s.width,
  dropped: (s) => s.dropped / s.width,
  late: (s) => s.late / s.width,
  sent: (s) => s.bytes_sent / s.width,
  received: (s) => s.bytes_received / s.width,
}
/** Column name → how it is read from a second. */
const COLUMNS: Record<string, (second: Second) => number | null | undefined> = {
  users: (s) => s.active_users,
  rate: (s) => s.iterations / s.width,
  rps: (s) => s.requests_per_second,
  errorRate: (s) => (s.requests ? s.error_rate : null),
  avg: (s) => s.response_time,
  p50: (s) => s.p50,
  p90: (s) => s.p90,
  p95: (s) => s.p95,
  p99: (s) => s.p99,
  max: (s) => s.max,
  planP50: (s) => s.latency_from_plan?.p50,
  planP90: (s) => s.latency_from_plan?.p90,
  planP95: (s) => s.latency_from_plan?.p95,
  planP99: (s) => s.latency_from_plan?.p99,
}
const PLANNED: Record<string, (second: Second) => number | null | undefined> = {
  plannedUsers: (s) => s.planned_users,
  plannedRate: (s) => s.planned_rate,
}
/** Known in a pause as well. */
const ALWAYS: Record<string, (second: Second) => number | null | undefined> = {
  loopLag: (s) => s.loop_lag,
  sendLag: (s) => s.send_lag,
  cpu: (s) => s.process_cpu,
}

/**
 * Of a row in which the load went on for less than half of the time nothing can be drawn: in a pause nothing at all, in
 * another rest, such as the last milliseconds of a run, its counts only.
 */
export type Rest = 'pause' | 'rest' | null

export function restOf(paused: boolean, ran: number, width: number): Rest {
  if (ran >= width / 2) return null
  return paused ? 'pause' : 'rest'
}

export function writeSecond(track: Track, row: number, second: Second, rest: Rest): void {
  const write = (columns: typeof COUNTS) => {
    for (const [name, read] of Object.entries(columns)) track.set(name, row, read(second))
  }
  write(ALWAYS)
  if (rest !== 'rest') write(PLANNED)
  if (rest === 'pause') return
  write(COUNTS)
  if (!rest) write(COLUMNS)
  writeCounts(track, row, 'class:', second.failures, second.width)
  writeCounts(track, row, 'status:', second.statuses, second.width)
}

export function writeStep(track: Track, row: number, step: StepSecond, width: number): void {
  const name = (figure: string) => `${step.index}:${figure}`
  const figures: Record<string, number | null | undefined> = {
    rps: step.requests_per_second,
    errors: step.errors / width,
    errorRate: step.requests ? step.error_rate : null,
    p50: step.p50,
    p90: step.p90,
    p95: step.p95,
    p99: step.p99,
    max: step.max,
    planP50: step.latency_from_plan?.p50,
    planP90: step.latency_from_plan?.p90,
    planP95: step.latency_from_plan?.p95,
    planP99: step.latency_from_plan?.p99,
  }
  for (const [figure, value] of Object.entries(figures)) track.set(name(figure), row, value)
  for (const [counter, value] of Object.entries(step.counters)) track.set(name(`counter:${counter}`), row, value / width)
  for (const [gauge, value] of Object.entries(step.gauges)) track.set(name(`gauge:${gauge}`), row, value.avg)
}

export function writeNode(track: Track, row: number, node: NodeSecond): void {
  const silent = node.process_cpu === null && node.loop_lag === null
  track.set(`${node.name}:users`, row, silent ? null : node.active_users)
  track.set(`${node.name}:rps`, row, silent ? null : node.requests_per_second)
  track.set(`${node.name}:cpu`, row, node.process_cpu)
  track.set(`${node.name}:lag`, row, node.loop_lag)
}

/** Counts by name as rates; a name that did not occur in a second that was measured is 0 there. */
function writeCounts(track: Track, row: number, prefix: string, counts: Counts | null | undefined, width: number): void {
  if (!counts) return
  for (const name of Object.keys(counts)) {
    if (!track.has(prefix + name)) zeroes(track, prefix + name, row)
  }
  for (const column of track.names(prefix)) track.set(column, row, (counts[column.slice(prefix.length)] ?? 0) / width)
}

function zeroes(track: Track, column: string, until: number): void {
  for (let row = 0; row < until; row++) if (track.at('requests', row) !== null) track.set(column, row, 0)
}
