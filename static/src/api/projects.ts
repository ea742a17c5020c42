// Projects, their members, and the role of the signed-in user in each.
import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { useLocalStorage } from '@vueuse/core'
import { computed, type MaybeRefOrGetter, toValue, watch } from 'vue'
import { useRoute } from 'vue-router'
import { api, ask, type Schemas } from './client'
import { queries } from './queries'
import { session } from './session'

export type Role = Schemas['Role']
export type Project = Schemas['ProjectResponse']

const RANK: Record<Role, number> = { viewer: 1, editor: 2, owner: 3 }
const ALL = 100

async function readProjects(): Promise<Project[]> {
  const page = await ask(api.GET('/api/projects/', { params: { query: { page_size: ALL } } }))
  return page.results
}

export const projectsQuery = { queryKey: ['projects'], queryFn: readProjects }

export function useProjects() {
  return useQuery({ ...projectsQuery, enabled: () => session.current.value !== null })
}

/** The projects from the cache, or from the service when they are not there yet. */
export function fetchProjects(): Promise<Project[]> {
  return queries.ensureQueryData(projectsQuery)
}

export function projectQuery(id: MaybeRefOrGetter<number | null>) {
  return {
    queryKey: ['project', id],
    queryFn: () => ask(api.GET('/api/projects/{project_id}/', { params: { path: { project_id: toValue(id)! } } })),
  }
}

export function useProject(id: MaybeRefOrGetter<number | null>) {
  return useQuery({ ...projectQuery(id), enabled: () => toValue(id) !== null })
}

export function useMembers(id: MaybeRefOrGetter<number | null>, wanted: MaybeRefOrGetter<boolean> = true) {
  return useQuery({
    queryKey: ['members', id],
    queryFn: () =>
      ask(
        api.GET('/api/projects/{project_id}/members/', {
          params: { path: { project_id: toValue(id)! }, query: { page_size: ALL } },
        }),
      ),
    enabled: () => toValue(id) !== null && toValue(wanted),
  })
}

export function useProjectCreation() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (body: Schemas['ProjectForm']) => ask(api.POST('/api/projects/', { body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['projects'] }),
  })
}

/** The project of the page's address, null outside of one. */
export function useProjectId() {
  const route = useRoute()
  return computed(() => {
    const id = Number(route.params.project)
    return Number.isInteger(id) && id > 0 ? id : null
  })
}

/** The project that was open last in this browser; 0 when there was none. */
export const lastProject = useLocalStorage('perfsvc.project', 0)

/** The project of the page's address; outside of one the project that was open last, if it is still there. */
export function useCurrentProject() {
  const id = useProjectId()
  const projects = useProjects()
  watch(id, (now) => now !== null && (lastProject.value = now), { immediate: true })
  return computed(() => {
    const wanted = id.value ?? lastProject.value
    return projects.data.value?.find((project) => project.id === wanted) ?? null
  })
}

/** Return `may('editor')`: whether the user has at least that role in the project of the page's address. */
export function useRights() {
  const id = useProjectId()
  const project = useProject(id)
  const administrator = computed(() => session.user?.administrator === true)
  const role = computed<Role | null>(() => project.data.value?.my_role ?? null)
  const may = (least: Role) => role.value !== null && RANK[role.value] >= RANK[least]
  return { may, role, administrator }
}

export function useProjectChange() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ id, body }: { id: number; body: Schemas['ProjectChange'] }) =>
      ask(api.PUT('/api/projects/{project_id}/', { params: { path: { project_id: id } }, body })),
    onSuccess: () => cache.invalidateQueries({ predicate: ({ queryKey }) => /^projects?$/.test(String(queryKey[0])) }),
  })
}

export function useProjectDeletion() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (id: number) => ask(api.DELETE('/api/projects/{project_id}/', { params: { path: { project_id: id } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['projects'] }),
  })
}
