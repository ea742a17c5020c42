/**
 * The report of a run, as the service describes it. What its description leaves open (series of nodes,
 * pauses, the search) is told here.
 */

import type { components } from '@/api/schema'
import type { Block, N, RunEvent, Search, Summary, Text, ValidityBlock, Variable, VerdictBlock, WarmUp } from './frames'

type Schemas = components['schemas']
/** What is named, without the leave to have more. */
type Named<T> = { [K in keyof T as string extends K ? never : K]: T[K] }
/** The service describes parts as nullable that every report of a run with a result has. */
type There<T> = { [K in keyof T]-?: NonNullable<T[K]> }
/** Described by the same names as figures of a window. */
type Figures = keyof Block

export type Phase = Schemas['PhaseBlock']
export type StepRow = Omit<Named<Schemas['ReportStep']>, Figures | 'checks' | 'part' | 'unsent'> & Block
export type ErrorSample = Named<Schemas['ReportErrorSample']>
type ErrorClass = Omit<Named<Schemas['ReportError']>, 'samples'> & { samples: ErrorSample[] }
type Score = Omit<Named<Schemas['Score']>, 'parts'> & { parts: Named<Schemas['ScorePart']>[] }

export type Loss = Schemas['NodeLoss']
export type NodeRow = Omit<Named<Schemas['ReportNode']>, Figures | 'checks' | 'losses'> &
  Block & {
    losses: Loss[]
    series: { width: number; timestamps: number[] } & Record<'throughput' | 'errors' | 'active_users' | 'process_cpu' | 'loop_lag', N[]>
  }
interface StepSeries {
  width: number
  timestamps: number[]
  steps: ({ index: number } & Partial<Record<string, N[]>>)[]
}
interface Interval {
  start: number
  end: number
  seconds: number
}
type PlanSeries = Partial<Record<'p50' | 'p90' | 'p95' | 'p99', N[]>>

/** Lists of all figures, by their names. */
export interface Series {
  width: number
  timestamps: number[]
  latency_from_plan?: PlanSeries
  paused: boolean[]
  [figure: string]: N[] | number[] | boolean[] | number | PlanSeries | undefined
}
type Whole = Named<Schemas['ReportResponse']>
type Always = There<Pick<Whole, 'id' | 'plan_id' | 'execution_id' | 'name' | 'start_time' | 'end_time' | 'status' | 'seed'>>

export interface Report extends Always, Partial<Pick<Whole, 'plan_name' | 'project_id' | 'starter' | 'mode' | 'config'>> {
  variable?: Variable
  reason: ({ code: string } & Text) | null
  summary: Summary
  metrics: { errors: { labels: string[]; values: number[] } }
  verdict: VerdictBlock
  validity: ValidityBlock
  performance_score: Score
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
  latency_from_plan?: NonNullable<Block['latency_from_plan']> & { note: Text }
  data?: Record<string, unknown>
  search?: Search
}
