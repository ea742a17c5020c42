// Nodes, plugins, and what the service says about itself.
import { useQuery } from '@tanstack/vue-query'
import { api, ask } from './client'

export function useNodes(every = 5000) {
  return useQuery({
    queryKey: ['nodes'],
    queryFn: () => ask(api.GET('/api/nodes/', { params: { query: { page_size: 100 } } })),
    refetchInterval: every,
  })
}

export function usePlugins() {
  return useQuery({
    queryKey: ['plugins'],
    queryFn: () => ask(api.GET('/api/plugins/', { params: { query: { page_size: 100 } } })),
  })
}

/** What the service says about itself, before sign-in too. */
export function useAbout() {
  return useQuery({
    queryKey: ['about'],
    queryFn: () => ask(api.GET('/api/about/')),
    staleTime: Number.POSITIVE_INFINITY,
  })
}
