// Several finished runs at once, each with its report and its percentile curve.
import { useQueries } from '@tanstack/vue-query'
import { computed, type ComputedRef } from 'vue'
import type { Report } from '@/run/report'
import { api, ask } from './client'
import { type Distribution, type Execution, reportOf } from './execution'
import { asProblem } from './problem'
import { raw } from './raw'

export interface Compared {
  id: string
  execution: Execution
  report: Report
  points: [number, number][]
}

async function read(id: string): Promise<Compared | null> {
  const execution = (await ask(
    api.GET('/api/performance/executions/{execution_id}/', { params: { path: { execution_id: id } } }),
  )) as Execution
  const [report, curve] = await Promise.all([
    reportOf(execution, execution.report_id),
    raw<Distribution>('GET', `/api/performance/executions/${id}/distribution/`, { absent: [404] }),
  ])
  return report && { id, execution, report, points: (curve?.points ?? []).map(([percentile, ms]) => [percentile, ms]) }
}

/** The runs that have a report, in the order asked for; `missing` names the others once all were read. */
export function useCompared(ids: ComputedRef<string[]>) {
  const queries = useQueries({
    queries: computed(() => ids.value.map((id) => ({ queryKey: ['compared', id], queryFn: () => read(id), staleTime: Number.POSITIVE_INFINITY }))),
  })
  const pending = computed(() => queries.value.some((one) => one.isPending))
  const runs = computed(() => queries.value.flatMap((one) => (one.data ? [one.data] : [])))
  const problem = computed(() => {
    const error = queries.value.find((one) => one.error)?.error
    return error ? asProblem(error) : null
  })
  const missing = computed(() => (pending.value ? [] : ids.value.filter((id) => !runs.value.some((run) => run.id === id))))
  return { pending, runs, problem, missing }
}
