// Pins of a run: notes at a moment or a time of it, by anyone who may change the project.
import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { type MaybeRefOrGetter, toValue } from 'vue'
import { api, ask, type Schemas } from './client'
import { everyPage } from './lists'

export type RunPin = Schemas['PinResponse']
type PinBody = Pick<RunPin, 'from' | 'to' | 'text'>
const LIVE_MS = 15_000

/** The pins of a run; of a run under way they are read again, since others pin as well. */
export function usePins(execution: MaybeRefOrGetter<string>, live: MaybeRefOrGetter<boolean>) {
  return useQuery({
    queryKey: ['pins', execution],
    queryFn: () => {
      const path = { execution_id: toValue(execution) }
      return everyPage<RunPin>((page) => ask(api.GET('/api/performance/executions/{execution_id}/pins/', { params: { path, query: { page, page_size: 100 } } })))
    },
    refetchInterval: () => (toValue(live) ? LIVE_MS : false),
  })
}

export function usePinChanges(execution: MaybeRefOrGetter<string>) {
  const cache = useQueryClient()
  const settle = { onSuccess: () => cache.invalidateQueries({ queryKey: ['pins'] }) }
  const path = (pin: number) => ({ params: { path: { execution_id: toValue(execution), pin_id: pin } } })
  const create = useMutation({
    mutationFn: (body: PinBody) => ask(api.POST('/api/performance/executions/{execution_id}/pins/', { params: { path: { execution_id: toValue(execution) } }, body })),
    ...settle,
  })
  const change = useMutation({
    mutationFn: ({ id, to, text }: RunPin) => ask(api.PUT('/api/performance/executions/{execution_id}/pins/{pin_id}/', { ...path(id), body: { to, text } })),
    ...settle,
  })
  const remove = useMutation({
    mutationFn: (id: number) => ask(api.DELETE('/api/performance/executions/{execution_id}/pins/{pin_id}/', path(id))),
    ...settle,
  })
  return { create, change, remove }
}
