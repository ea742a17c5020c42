// How the runs of a comparison are told apart: the base is solid, the others are dashed, each in a colour of its own.
import type { Compared } from '@/api/compared'
import { clock, moment } from '@/i18n/format'

export interface Look {
  token: string
  dash?: number[]
}

const TOKENS = ['--s1', '--s2', '--s4', '--s3', '--s8']
const DASHES = [[7, 4], [2, 3], [10, 3, 2, 3], [4, 2]]

/** Of each run by its place; `base` is the place of the base. */
export function looksOf(count: number, base: number): Look[] {
  let other = 0
  return Array.from({ length: count }, (_, at) => (at === base ? { token: TOKENS[0]! } : { token: TOKENS[++other % TOKENS.length]!, dash: DASHES[(other - 1) % DASHES.length]! }))
}

/** What a run is called: its plan and when; the day only where the runs are of several days. */
export function nameOf(run: Compared, runs: readonly Compared[]): string {
  const days = new Set(runs.map((one) => new Date(one.report.start_time).toDateString()))
  const time = days.size > 1 ? moment(run.report.start_time) : clock(run.report.start_time)
  return `${run.execution.plan_name ?? run.report.name} ${time}`
}
