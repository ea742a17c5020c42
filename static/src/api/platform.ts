// Nodes, plugins, and what the service says about itself.
import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { type MaybeRefOrGetter, toValue } from 'vue'
import type { JsonSchema } from '@/schema/types'
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
    queryFn: async () => {
      const page = await ask(api.GET('/api/plugins/', { params: { query: { page_size: 100 } } }))
      return { total: page.total, results: page.results as Plugin[] }
    },
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

/** A node with its readings of the last ten minutes. */
export function useNode(name: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: ['nodes', name],
    queryFn: () => ask(api.GET('/api/nodes/{name}/', { params: { path: { name: toValue(name) } } })),
    refetchInterval: 4000,
  })
}

/** Keep load away from a node, or give it load again. */
export function useDrain() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ name, draining }: { name: string; draining: boolean }) => {
      const params = { path: { name } }
      return ask(draining ? api.POST('/api/nodes/{name}/drain/', { params }) : api.DELETE('/api/nodes/{name}/drain/', { params }))
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: ['nodes'] }),
  })
}

/** A plugin with what it says about itself. */
export interface Plugin {
  kind: string
  name: string
  status: string
  title?: { zh: string; en: string } | null
  distribution?: string | null
  version?: string | null
  /** Why it could not be loaded, and what its import did not find. */
  error?: { zh: string; en: string } | null
  missing_module?: string | null
  /** Whether its targets can be asked for their operations. */
  operations?: boolean
  request_schema?: JsonSchema | null
  options_schema?: JsonSchema | null
}
