// The caller's own API tokens, for programs such as CI.
import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { api, ask, type Schemas } from './client'

export type ApiToken = Schemas['ApiTokenResponse']

const KEY = ['apiTokens']
const PAGE = { page_size: 100 }

export function useApiTokens() {
  return useQuery({
    queryKey: KEY,
    queryFn: () => ask(api.GET('/api/users/me/tokens/', { params: { query: PAGE } })),
  })
}

export function useApiTokenChanges() {
  const cache = useQueryClient()
  const onSuccess = () => cache.invalidateQueries({ queryKey: KEY })
  const create = useMutation({
    mutationFn: (body: Schemas['ApiTokenForm']) => ask(api.POST('/api/users/me/tokens/', { body })),
    onSuccess,
  })
  const remove = useMutation({
    mutationFn: (id: number) => ask(api.DELETE('/api/users/me/tokens/{token_id}/', { params: { path: { token_id: id } } })),
    onSuccess,
  })
  return { create, remove }
}
