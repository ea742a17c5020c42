/**
 * What the live feed of a run tells. Types are those of the service's own description; what it leaves open (rows of a
 * search, what an event has beside its kind) is told here. Times are Unix seconds, latencies ms, rates percent; null =
 * not measured.
 */

import type { components } from '@/api/schema'

type Schemas = components['schemas']
type Told = Schemas['RunData']

export type N = number | null
export type Text = Schemas['Texts']
export type Mode = Told['mode']
export type Variable = Told['variable']
export type RunStatus = Schemas['RunState']
export type ValidityState = Schemas['SecondData']['validity']
export type Counts = Record<string, number>
export type Percentiles = Partial<Record<'p50' | 'p75' | 'p90' | 'p95' | 'p99' | 'p99.9' | 'max', N>>
export type StepSecond = Schemas['StepPoint']
export type NodeSecond = Schemas['NodePoint']
export type MetricsData = Schemas['SecondData']
/** A second as a history tells it; of a history since a moment, whole. */
export type Second = Omit<Schemas['HistoryPoint'], 'timestamp'> & Partial<MetricsData>
export type WarmUp = Schemas['WarmUpBlock']
export type ThresholdState = Schemas['ThresholdState']
export type Cause = Schemas['CauseText']

export type RunEvent = Pick<Schemas['RunEvent'], 'elapsed' | 'time' | 'timestamp'> & {
  event: Schemas['RunEvent']['event']
  by?: string
  variable?: Variable
  level?: number
  /** Of a pause that is over: when it began, and how long it was. */
  start?: number
  seconds?: number
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
  /** Whether `in_band` is high enough to say that the target was held. */
  on_target?: boolean
  /** Percent of the target that the metric may be off: `in_band` counts the seconds within. */
  band?: N
  /** How often the load was moved: the trace of a long run lacks rows. */
  moves?: number
  evidence: (LevelRow | TraceRow)[]
  recovered: boolean | null
  at_least?: boolean
  complete: boolean
}
export type CurvePoint = Schemas['CurvePointNow']
export type Planned = Schemas['Planned']
export type StepNode = Schemas['StepNode']
export type SceneTree = Schemas['SceneTree']
export type RunInfo = Omit<Told, 'events' | 'search'> & { events: RunEvent[]; search: Search | null }

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
export type VerdictState = Schemas['FinalVerdict']['state']
export interface VerdictBlock {
  state: VerdictState
  thresholds: Outcome[]
}
export interface ValidityBlock {
  state: Schemas['FinalValidity']['state']
  at_least: boolean
  causes: Cause[]
}
export type EndData = Pick<Schemas['EndData'], 'status'> & { report_id?: number | null; verdict?: VerdictBlock | null }

/** Narrowed where the description leaves open what is inside. */
type Narrowed<Name extends 'RunFrame' | 'EventFrame' | 'SearchFrame' | 'EndFrame', Data> = Omit<Schemas[Name], 'data' | 'execution_id'> & { data: Data }

export type Frame =
  | Narrowed<'RunFrame', RunInfo>
  | (Omit<Schemas['HistoryFrame'], 'complete' | 'data'> & { complete?: boolean; data: (Second & { timestamp: number })[] })
  | Schemas['MetricsFrame']
  | Omit<Schemas['StatusFrame'], 'execution_id'>
  | Narrowed<'EventFrame', RunEvent>
  | Narrowed<'SearchFrame', { row: LevelRow | TraceRow; bracket: { low: N; high: N; value: N }; complete: boolean }>
  | Narrowed<'EndFrame', EndData>
  | Omit<Schemas['TokenFrame'], 'execution_id'>
