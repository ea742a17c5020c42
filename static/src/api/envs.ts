// Environments: where requests go, and what is known there.
import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { type MaybeRefOrGetter, toValue } from 'vue'
import { api, ask, type Schemas } from './client'
import { everyPage } from './lists'

export type Env = Schemas['EnvResponse']
/** What has a default may be left out. */
export type EnvBody = Pick<Schemas['EnvForm'], 'name'> & Partial<Omit<Schemas['EnvForm'], 'project_id'>>

export function useEnvs(project: MaybeRefOrGetter<number | null>) {
  return useQuery({
    queryKey: ['envs', project],
    queryFn: () =>
      everyPage((page) =>
        ask(api.GET('/api/envs/', { params: { query: { project_id: toValue(project)!, page, page_size: 100 } } })),
      ),
    enabled: () => toValue(project) !== null,
  })
}

export function useEnvChanges() {
  const cache = useQueryClient()
  const settle = { onSuccess: () => cache.invalidateQueries({ queryKey: ['envs'] }) }
  const save = useMutation({
    mutationFn: ({ project, id, body }: { project: number; id: number | null; body: EnvBody }) =>
      id === null
        ? ask(api.POST('/api/envs/', { body: { ...body, project_id: project } as Schemas['EnvForm'] }))
        : ask(api.PUT('/api/envs/{env_id}/', { params: { path: { env_id: id } }, body })),
    ...settle,
  })
  const remove = useMutation({
    mutationFn: (id: number) => ask(api.DELETE('/api/envs/{env_id}/', { params: { path: { env_id: id } } })),
    ...settle,
  })
  return { save, remove }
}
