// Runs (the API calls them executions): lists of a project or a plan, with filters.
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { type MaybeRefOrGetter, toValue } from 'vue'
import { api, ask, type Schemas } from './client'
import type { Page } from './lists'

export type Execution = Schemas['ExecutionResponse']

const ENDED: ReadonlySet<Execution['status']> = new Set<Execution['status']>(['completed', 'stopped', 'failed'])

/** A run in a list; `spark` only where it was asked for. */
export interface RunRow extends Execution {
  spark?: { rps: (number | null)[]; p95: (number | null)[]; error_rate: (number | null)[] } | null
}

export interface RunFilter {
  project_id?: number | null
  plan_id?: number | null
  status?: string | null
  verdict?: Execution['verdict']
  validity?: 'VALID' | 'SUSPECT' | 'INVALID' | null
  mode?: Execution['mode'] | null
  q?: string | null
  from?: string | null
  order?: '-start_time' | '-duration' | '-error_rate' | '-throughput' | '-p95'
  page?: number
  page_size?: number
  spark?: '0' | '1'
}

export function isActive(run: Pick<Execution, 'status'>): boolean {
  return !ENDED.has(run.status)
}

/** Errors in percent; null where no request came to a result. */
export function errorRateOf(run: Pick<RunRow, 'summary'>): number | null {
  return run.summary?.total_requests ? run.summary.error_rate : null
}

function readRuns(filter: RunFilter): Promise<Page<RunRow>> {
  const set = Object.entries(filter).filter(([, value]) => value !== undefined && value !== null && value !== '')
  return ask(api.GET('/api/performance/executions/', { params: { query: Object.fromEntries(set) } }))
}

/** All runs that go on now. */
export const RUNNING: RunFilter = { status: 'active', page_size: 50 }
/** Those of a project, and a page of its list. */
export const runningIn = (project: number): RunFilter => ({ project_id: project, status: 'active', page_size: 10 })
export const runsIn = (project: number, size = 20): RunFilter => ({ project_id: project, page: 1, page_size: size, spark: '1' })

export function runsQuery(filter: MaybeRefOrGetter<RunFilter>) {
  return { queryKey: ['runs', filter], queryFn: () => readRuns(toValue(filter)) }
}

const LIVE_MS = 3000
const QUIET_MS = 20_000

/** A list of runs that follows those which are going on. */
export function useRuns(filter: MaybeRefOrGetter<RunFilter>, wanted: MaybeRefOrGetter<boolean> = true) {
  return useQuery({
    ...runsQuery(filter),
    enabled: () => toValue(wanted),
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (query.state.data?.results.some(isActive) ? LIVE_MS : QUIET_MS),
  })
}
