// The last finished run of a plan, as far as planning the next one needs it.
import { useQuery } from '@tanstack/vue-query'
import { type MaybeRefOrGetter, toValue } from 'vue'
import { type Iteration, iterationOf } from '@/load/expectation'
import type { VerdictState } from '@/run/frames'
import type { Page } from './lists'
import { raw } from './raw'
import type { RunRow } from './runs'

export interface ThresholdResult {
  expression: string
  value: number | null
  passed: boolean
}

export interface LastRun {
  reportId: number
  executionId: string
  at: string
  verdict: VerdictState | null
  validity: RunRow['validity'] | null
  thresholds: ThresholdResult[]
  percentiles: Record<string, number | null>
  errorRate: number | null
  throughput: number | null
  iteration: Iteration | null
  /** Whether its load were arrivals. */
  arrivals: boolean
  /** Requests of each step and their p95. */
  steps: { name: string; requests: number; p95: number | null }[]
}

interface ReportBody {
  id: number
  execution_id: string
  end_time: string
  summary: { total_requests: number; iterations?: number; error_rate?: number; throughput?: number; percentiles?: Record<string, number> }
  verdict: { state: VerdictState; thresholds: ThresholdResult[] } | null
  validity: { state: NonNullable<RunRow['validity']> } | null
  series: { width: number; active_users: (number | null)[]; planned_rate?: (number | null)[] }
  steps: { name: string; requests: number; percentiles: Record<string, number> | null }[]
}

function lastRunOf(report: ReportBody): LastRun {
  const { summary, series } = report
  const userSeconds = series.active_users.reduce<number>((all, users) => all + (users ?? 0) * series.width, 0)
  return {
    reportId: report.id,
    executionId: report.execution_id,
    at: report.end_time,
    verdict: report.verdict?.state ?? null,
    validity: report.validity?.state ?? null,
    thresholds: report.verdict?.thresholds ?? [],
    percentiles: summary.percentiles ?? {},
    errorRate: summary.total_requests ? (summary.error_rate ?? null) : null,
    throughput: summary.throughput ?? null,
    iteration: iterationOf({ iterations: summary.iterations ?? 0, requests: summary.total_requests, userSeconds }),
    arrivals: (series.planned_rate ?? []).some((rate) => (rate ?? 0) > 0),
    steps: report.steps.map((step) => ({ name: step.name, requests: step.requests, p95: step.percentiles?.p95 ?? null })),
  }
}

async function read(plan: number): Promise<LastRun | null> {
  const page = await raw<Page<{ id: number }>>('GET', `/api/performance/reports/?plan_id=${plan}&page_size=1`)
  const last = page?.results[0]
  if (!last) return null
  return lastRunOf((await raw<ReportBody>('GET', `/api/performance/reports/${last.id}/`))!)
}

export function useLastRun(plan: MaybeRefOrGetter<number | null>) {
  return useQuery({
    queryKey: ['last run', plan],
    queryFn: () => read(toValue(plan)!),
    enabled: () => toValue(plan) !== null,
    staleTime: 30_000,
  })
}
