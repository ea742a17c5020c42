// Runs, as lists need them.
import { useQuery } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import { api, ask, type Schemas } from './client'

export type Execution = Schemas['ExecutionResponse']

const ENDED: ReadonlySet<Schemas['RunState']> = new Set(['completed', 'stopped', 'failed'])
const EVERY_MS = 5000

export function isRunning(execution: Execution): boolean {
  return !ENDED.has(execution.status)
}

export function useExecutions(project: MaybeRefOrGetter<number | null>, size = 20) {
  return useQuery({
    queryKey: ['executions', project, size],
    queryFn: () =>
      ask(
        api.GET('/api/performance/executions/', {
          params: { query: { project_id: toValue(project), page_size: size } },
        }),
      ),
    enabled: () => toValue(project) !== null,
    refetchInterval: EVERY_MS,
  })
}

/** The runs of a project that have not ended. */
export function useRunning(project: MaybeRefOrGetter<number | null>) {
  const query = useExecutions(project)
  return computed(() => query.data.value?.results.filter(isRunning) ?? [])
}
