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

export interface About {
  /** Whether strangers may register. */
  registration: boolean
}

/** What the service says about itself before sign-in. */
export function useAbout(): About {
  return { registration: true }
}
