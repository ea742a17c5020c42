// Projects, their members, and the role of the signed-in user in each.
import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import { useRoute } from 'vue-router'
import { api, ask, type Schemas } from './client'
import { session } from './session'

export type Role = Schemas['Role']
export type Project = Schemas['ProjectAnswer'] & { my_role?: Role | null }

const RANK: Record<Role, number> = { viewer: 1, editor: 2, owner: 3 }
const ALL = 100

export function useProjects() {
  return useQuery({
    queryKey: ['projects'],
    queryFn: async () => {
      const page = await ask(api.GET('/api/projects/', { params: { query: { page_size: ALL } } }))
      return page.results as Project[]
    },
    enabled: () => session.current.value !== null,
  })
}

export function useProject(id: MaybeRefOrGetter<number | null>) {
  return useQuery({
    queryKey: ['project', id],
    queryFn: () =>
      ask(
        api.GET('/api/projects/{project_id}/', { params: { path: { project_id: toValue(id)! } } }),
      ) as Promise<Project>,
    enabled: () => toValue(id) !== null,
  })
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

/** Return `may('editor')`: whether the user has at least that role in the project of the page's address. */
export function useRights() {
  const id = useProjectId()
  const project = useProject(id)
  const asked = computed(() => project.data.value !== undefined && project.data.value.my_role === undefined)
  const members = useMembers(id, asked)
  const administrator = computed(() => session.user?.administrator === true)
  const role = computed<Role | null>(() => {
    const told = project.data.value?.my_role
    if (told !== undefined) return told
    return members.data.value?.results.find((member) => member.user_id === session.user?.id)?.role ?? null
  })
  const may = (least: Role) => administrator.value || (role.value !== null && RANK[role.value] >= RANK[least])
  return { may, role, administrator }
}
