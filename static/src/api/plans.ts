// Test plans.
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { type MaybeRefOrGetter, toValue } from 'vue'
import { api, ask } from './client'

const ALL = 100
/** Of what a search finds. */
const FOUND = 20

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

/** The first plans in whose names or descriptions the words are. */
export function useFoundPlans(project: MaybeRefOrGetter<number | null>, words: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: ['plans', project, 'found', words],
    queryFn: () => ask(api.GET('/api/performance/plans/', { params: { query: { project_id: toValue(project)!, q: toValue(words), page_size: FOUND } } })),
    placeholderData: keepPreviousData,
    enabled: () => toValue(project) !== null,
  })
}
