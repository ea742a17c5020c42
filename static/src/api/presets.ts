// Presets: configs saved under a name.
import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { type MaybeRefOrGetter, toValue } from 'vue'
import { api, ask, type Schemas } from './client'
import { everyPage } from './lists'
import type { PlanConfig } from './planEditing'

export type Preset = Omit<Schemas['PresetResponse'], 'config_data'> & { config_data: PlanConfig }

export function usePresets(project: MaybeRefOrGetter<number | null>) {
  return useQuery({
    queryKey: ['presets', project],
    queryFn: () =>
      everyPage((page) =>
        ask(
          api.GET('/api/performance/presets/', {
            params: { query: { project_id: toValue(project)!, page, page_size: 100 } },
          }),
        ),
      ) as unknown as Promise<Preset[]>,
    enabled: () => toValue(project) !== null,
  })
}

interface PresetBody {
  name: string
  description: string | null
  config: PlanConfig
}

export function usePresetChanges() {
  const cache = useQueryClient()
  const settle = { onSuccess: () => cache.invalidateQueries({ queryKey: ['presets'] }) }
  const create = useMutation({
    mutationFn: ({ project, name, description, config }: PresetBody & { project: number }) => {
      const body = { name, description, project_id: project, config_type: config.test_mode ?? 'concurrent', config_data: config }
      return ask(api.POST('/api/performance/presets/', { body: body as unknown as Schemas['PresetForm'] }))
    },
    ...settle,
  })
  const rename = useMutation({
    mutationFn: ({ id, name, description }: { id: number; name: string; description: string | null }) =>
      ask(
        api.PUT('/api/performance/presets/{preset_id}/', {
          params: { path: { preset_id: id } },
          body: { name, description },
        }),
      ),
    ...settle,
  })
  const remove = useMutation({
    mutationFn: (id: number) =>
      ask(api.DELETE('/api/performance/presets/{preset_id}/', { params: { path: { preset_id: id } } })),
    ...settle,
  })
  return { create, rename, remove }
}
