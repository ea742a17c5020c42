/** What the live feed and the report of a run hold. Times are Unix seconds, latencies ms, rates percent; null = not measured. */

export type N = number | null
export interface Text {
  zh: string
  en: string
}
export type Mode = 'concurrent' | 'step' | 'error_rate' | 'adaptive'
export type Variable = 'vus' | 'arrival_rate'
export type RunStatus = 'created' | 'starting' | 'running' | 'paused' | 'stopping' | 'completed' | 'stopped' | 'failed'
export type ValidityState = 'VALID' | 'SUSPECT' | 'INVALID'
export type Counts = Record<string, number>
export type Percentiles = Partial<Record<'p50' | 'p75' | 'p90' | 'p95' | 'p99' | 'p99.9' | 'max', N>>

export interface FromPlan {
  avg: N
  p50: N
  p90: N
  p95: N
  p99: N
  max: N
}
export interface GaugeFigures {
  count: number
  avg: N
  max: N
}

/** Figures that a second of the run and a second of a step have in common. */
export interface SecondFigures {
  requests: number
  errors: number
  requests_per_second: number
  response_time: N
  error_rate: N
  p50: N
  p90: N
  p95: N
  p99: N
  max: N
  latency_from_plan?: FromPlan
  failures?: Counts
  statuses?: Counts
}
export interface StepSecond extends SecondFigures {
  index: number
  name: string
  counters: Counts
  gauges: Record<string, GaugeFigures>
}
export interface NodeSecond {
  name: string
  host: string
  share: number
  state: string
  active_users: number
  requests_per_second: number
  errors: number
  process_cpu: N
  loop_lag: N
}
export interface Second extends SecondFigures {
  active_users: number
  width: number
  elapsed: number
  paused: boolean
  planned_users: number
  planned_rate: number
  bytes_sent: number
  bytes_received: number
  iterations: number
  node_count: number
  dropped: number
  late: number
  loop_lag: N
  send_lag: N
  process_cpu: N
  validity?: ValidityState
  steps?: StepSecond[]
  nodes?: NodeSecond[]
}
export interface ThresholdState {
  expression: string
  metric: string
  step: string | null
  limit: number
  value: N
  state: 'holding' | 'breaking' | 'breached'
  broken_s: number
  of_s: number
  breached_at: N
}
export type Cause = { code: string; state?: ValidityState; figures?: Counts } & Text

export interface MetricsData extends Second {
  total_requests: number
  total_errors: number
  validity: ValidityState
  validity_causes: string[]
  validity_texts?: Cause[]
  thresholds?: ThresholdState[]
  steps: StepSecond[]
  nodes: NodeSecond[]
}

export interface RunEvent {
  event: string
  timestamp: number
  time: string
  elapsed: number
  by?: string
  variable?: Variable
  level?: number
  kind?: string
  node?: string
  reason?: Text
  state?: string
  expression?: string
  value?: N
  limit?: number
  causes?: Cause[]
}
export interface LevelRow {
  level: number
  seconds: number
  requests: number
  errors: number
  error_rate: N
  rps: number
  avg: N
  p50: N
  p95: N
  p99: N
  verdict?: 'good' | 'bad' | 'saturated' | 'empty' | 'unfinished'
  phase?: string
  by_hand?: boolean
}
export interface TraceRow {
  elapsed: number
  level: number
  measured: N
  smoothed: N
  elasticity: N
  next: N
}
export interface Search {
  variable: Variable
  value: N
  low: N
  high: N
  threshold?: number
  metric?: string
  target?: number
  held?: N
  out_of_reach?: 'low' | 'high' | null
  in_band?: N
  evidence: (LevelRow | TraceRow)[]
  recovered: boolean | null
  at_least?: boolean
  complete: boolean
}
export interface CurvePoint {
  t: number
  level: number
}
export interface Planned {
  duration: N
  end: N
  points: CurvePoint[]
  min?: number
  max?: number
  iterations?: N
}
export interface StepNode {
  index: number | null
  name: string
  type: string
  protocol: string | null
  part: string
  parent: number | null
  depth: number
}
export interface SceneTree {
  name: string
  weight: number
  steps: StepNode[]
}
export interface StepSeries {
  width: number
  timestamps: number[]
  steps: ({ index: number } & Partial<Record<string, N[]>>)[]
}
export interface RunInfo {
  execution_id: string
  name: string
  plan_id: number
  plan_name: string
  project_id: number
  starter: string
  status: RunStatus
  mode: Mode
  variable: Variable
  test_type?: string
  start_time: string
  now: number
  elapsed: number
  planned: Planned
  thresholds: ThresholdState[]
  abort_on_breach?: boolean
  scenes: SceneTree[]
  events: RunEvent[]
  errors: { failures: Counts; statuses: Counts; total: number }
  steps: StepSeries
  validity: { state: ValidityState; causes: Cause[] }
  search: Search | null
}

export interface Block {
  requests: number
  errors: number
  error_rate: N
  rps: number
  avg: N
  min: N
  max: N
  percentiles: Percentiles
  latency_from_plan?: { avg: N; min: N; max: N; percentiles: Percentiles } | null
  bytes_sent: number
  bytes_received: number
}
export interface Summary {
  total_requests: number
  success_rate: N
  avg_response_time: N
  error_count: number
  error_rate: N
  throughput: number
  min_response_time?: N
  max_response_time?: N
  percentiles: Percentiles
  max_users: number
  duration: number
  running_time?: number
  iterations?: number
  bytes_sent?: number
  bytes_received?: number
  checks_passed?: number
  checks_failed?: number
  cut_off?: number
  dropped?: number
  late?: number
}
export interface Outcome {
  expression: string
  metric: string
  value: N
  limit: number
  passed: boolean
  breached_at: N
}
export type VerdictState = 'PASSED' | 'FAILED' | 'STOPPED' | 'NO_THRESHOLDS'
export interface VerdictBlock {
  state: VerdictState
  thresholds: Outcome[]
}
export interface ValidityBlock {
  state: ValidityState
  at_least: boolean
  causes: Cause[]
}
export interface EndData {
  status: RunStatus
  summary?: Summary
  verdict?: VerdictBlock
  validity?: ValidityBlock
  reason?: ({ code: string } & Text) | null
  start_time?: string
  end_time?: string
  report_id?: number | null
}

export type Frame =
  | { type: 'run'; timestamp: number; data: RunInfo }
  | { type: 'history'; timestamp: N; complete?: boolean; data: (Second & { timestamp: number })[] }
  | { type: 'metrics'; timestamp: number; data: MetricsData }
  | { type: 'status'; timestamp: number; data: { status: RunStatus; time: string } }
  | { type: 'event'; timestamp: number; data: RunEvent }
  | { type: 'search'; timestamp: number; data: { row: LevelRow | TraceRow; bracket: { low: N; high: N; value: N }; complete: boolean } }
  | { type: 'end'; timestamp: number; data: EndData }
  | { type: 'token'; timestamp: number; data: { accepted: boolean; expires?: number } }
