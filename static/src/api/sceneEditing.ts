// Scenes: lists, one, and saving.
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { type MaybeRefOrGetter, toValue } from 'vue'
import type { Scene } from '@/scene/types'
import { api, ask, type Schemas } from './client'
import { everyPage } from './lists'
import { type Versioned, versioned } from './raw'

export type SceneRow = Schemas['SceneRow']

export interface StoredScene extends Scene, Versioned {
  id: number
  project_id: number
  description?: string | null
  updated_at: string
  updated_by?: string | null
}

export function useScenes(project: MaybeRefOrGetter<number | null>) {
  return useQuery({
    queryKey: ['scenes', project],
    queryFn: () =>
      everyPage((page) =>
        ask(api.GET('/api/scenes/', { params: { query: { project_id: toValue(project)!, page, page_size: 100 } } })),
      ),
    enabled: () => toValue(project) !== null,
  })
}

/** Of what a search finds. */
const FOUND = 20

/** The first scenes in whose names or descriptions the words are. */
export function useFoundScenes(project: MaybeRefOrGetter<number | null>, words: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: ['scenes', project, 'found', words],
    queryFn: () => ask(api.GET('/api/scenes/', { params: { query: { project_id: toValue(project)!, q: toValue(words), page_size: FOUND } } })),
    placeholderData: keepPreviousData,
    enabled: () => toValue(project) !== null,
  })
}

export function readScene(id: number): Promise<StoredScene> {
  return versioned<StoredScene>('GET', `/api/scenes/${id}/`)
}

export function useScene(id: MaybeRefOrGetter<number | null>) {
  return useQuery({
    queryKey: ['scene', id],
    queryFn: () => readScene(toValue(id)!),
    enabled: () => toValue(id) !== null,
  })
}

/** Stores a new scene; the secrets of one that is a copy are those of the other. */
export function createScene(project: number, scene: Scene, copyOf: number | null = null): Promise<StoredScene> {
  const copied = copyOf === null ? {} : { copy_of: copyOf }
  return versioned<StoredScene>('POST', '/api/scenes/', { project_id: project, ...copied, ...scene })
}

/** Save a scene that was edited since this version. */
export function changeScene(id: number, scene: Scene, since: string | null): Promise<StoredScene> {
  return versioned<StoredScene>('PUT', `/api/scenes/${id}/`, scene, since)
}

export function useSceneRemoval() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (id: number) => ask(api.DELETE('/api/scenes/{scene_id}/', { params: { path: { scene_id: id } } })),
    onSettled: () => cache.invalidateQueries({ queryKey: ['scenes'] }),
  })
}
