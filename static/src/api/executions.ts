// Runs, as lists need them.
import { useQuery } from '@tanstack/vue-query'
import { type MaybeRefOrGetter, toValue } from 'vue'
import { api, ask, type Schemas } from './client'
import { session } from './session'

export type Execution = Schemas['ExecutionResponse']

const EVERY_MS = 5000

/** The last runs of a project, the newest first. */
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

/** The runs of all one's projects that have not ended. */
export function useRunning() {
  return useQuery({
    queryKey: ['executions', 'running'],
    queryFn: () => ask(api.GET('/api/performance/executions/', { params: { query: { status: 'active', page_size: 50 } } })),
    enabled: () => session.current.value !== null,
    refetchInterval: EVERY_MS,
  })
}
