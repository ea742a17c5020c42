// Test plans.
import { useQuery } from '@tanstack/vue-query'
import { type MaybeRefOrGetter, toValue } from 'vue'
import { api, ask } from './client'

const ALL = 100

export function usePlans(project: MaybeRefOrGetter<number | null>) {
  return useQuery({
    queryKey: ['plans', project],
    queryFn: () =>
      ask(
        api.GET('/api/performance/plans/', { params: { query: { project_id: toValue(project)!, page_size: ALL } } }),
      ),
    enabled: () => toValue(project) !== null,
  })
}
