// Runs (the API calls them executions): lists of a project or a plan.
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { type MaybeRefOrGetter, toValue } from 'vue'
import type { Schemas } from './client'
import type { Page } from './lists'
import { raw } from './raw'

export type RunStatus = Schemas['RunState']
export const ACTIVE: ReadonlySet<RunStatus> = new Set<RunStatus>(['created', 'starting', 'running', 'paused', 'stopping'])

export interface RunSummary {
  total_requests?: number
  error_rate?: number | null
  throughput?: number | null
  duration?: number | null
  running_time?: number | null
  iterations?: number
  max_users?: number | null
  avg_response_time?: number | null
  percentiles?: Record<string, number | null>
}

/** A run as lists have it. What an older service leaves out is absent. */
export interface RunRow {
  execution_id: string
  plan_id: number
  status: RunStatus
  start_time: string
  end_time: string | null
  plan_name?: string
  project_id?: number
  starter?: string
  mode?: string
  variable?: string
  report_id?: number | null
  verdict?: 'PASSED' | 'FAILED' | null
  validity?: 'VALID' | 'SUSPECT' | 'INVALID' | null
  summary?: RunSummary | null
  spark?: { rps: (number | null)[]; p95: (number | null)[]; error_rate: (number | null)[] } | null
}

export interface RunFilter {
  project_id?: number | null
  plan_id?: number | null
  status?: string
  verdict?: string
  validity?: string
  mode?: string
  q?: string
  from?: string
  order?: string
  page?: number
  page_size?: number
  spark?: 1
}

export async function readRuns(filter: RunFilter): Promise<Page<RunRow>> {
  const set = Object.entries(filter).filter(([, value]) => value !== undefined && value !== null && value !== '')
  const query = new URLSearchParams(set.map(([key, value]) => [key, String(value)]))
  return (await raw<Page<RunRow>>('GET', `/api/performance/executions/?${query}`)) as Page<RunRow>
}

const LIVE_MS = 3000
const QUIET_MS = 20_000

function pace(page: Page<RunRow> | undefined): number {
  return page?.results.some((run) => ACTIVE.has(run.status)) ? LIVE_MS : QUIET_MS
}

/** A list of runs that follows those which are going on. */
export function useRuns(filter: MaybeRefOrGetter<RunFilter>) {
  return useQuery({
    queryKey: ['runs', filter],
    queryFn: () => readRuns(toValue(filter)),
    placeholderData: keepPreviousData,
    refetchInterval: (query) => pace(query.state.data),
  })
}

/** Whether the service tells verdicts in lists of runs. */
export function tellsVerdicts(run: RunRow): boolean {
  return run.verdict !== undefined
}
