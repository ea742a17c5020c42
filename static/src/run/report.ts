/** The report of a run, as the server answers it. */

import type { Block, Cause, Counts, GaugeFigures, N, Outcome, RunEvent, RunStatus, Search, Summary, Text, ValidityBlock, Variable, VerdictBlock, WarmUp, Mode } from './frames'

export interface Phase {
  count: number
  avg: N
  max: N
}
export interface StepRow extends Block {
  index: number
  name: string
  type: 'request' | 'group'
  phases: Record<string, Phase>
  statuses: Counts
  failures: Counts
  counters: Counts
  gauges: Record<string, GaugeFigures>
}
export interface ScorePart {
  name: string
  title: Text
  formula: Text
  weight: number
  measured: N
  value: N
}
export interface Loss {
  time: string
  until: string | null
  elapsed: [number, N]
  share: number
  reason: Text
  missing: { variable: Variable; amount: number; requests: N }
  remark: Text
}
export interface NodeRow extends Block {
  node: string
  host: string
  share: number
  state: string
  iterations: number
  first_second: N
  last_second: N
  losses: Loss[]
  series: {
    width: number
    timestamps: number[]
    throughput: N[]
    errors: N[]
    active_users: N[]
    process_cpu: N[]
    loop_lag: N[]
  }
}
export interface ErrorSample {
  step: string | null
  timestamp: number
  message: string
  message_zh?: string
  request: string | null
  response_head: string | null
  body: string | null
}
export interface ErrorClass {
  error_class: string
  count: number
  share: number
  samples: ErrorSample[]
}
export interface StepSeries {
  width: number
  timestamps: number[]
  steps: ({ index: number } & Partial<Record<string, N[]>>)[]
}
export interface Interval {
  start: number
  end: number
  seconds: number
}
type PlanSeries = { p50: N[]; p95: N[]; p99: N[] }

export interface Series {
  width: number
  timestamps: number[]
  latency_from_plan?: PlanSeries
  paused: boolean[]
  [figure: string]: N[] | number[] | boolean[] | number | PlanSeries | undefined
}
export interface Report {
  id: number
  plan_id: number
  execution_id: string
  name: string
  plan_name?: string
  project_id?: number
  starter?: string
  mode?: Mode
  variable?: Variable
  start_time: string
  end_time: string
  status: RunStatus
  reason: ({ code: string } & Text) | null
  seed: number
  summary: Summary
  metrics: { errors: { labels: string[]; values: number[] } }
  verdict: VerdictBlock
  validity: ValidityBlock
  performance_score: { score: N; reason?: { zh: string; en: string } | null; parts: ScorePart[] }
  steps: StepRow[]
  nodes: NodeRow[]
  errors: ErrorClass[]
  series: Series
  step_series: StepSeries
  warm_up?: WarmUp | null
  pauses: Interval[]
  gaps: Interval[]
  events: RunEvent[]
  warnings: Text[]
  latency_from_plan?: { avg: N; min: N; max: N; percentiles: Summary['percentiles']; note: Text }
  data?: Record<string, unknown>
  search?: Search
  config?: Record<string, unknown>
}

export type { Cause, Outcome }
