// Changes of who belongs to a project.
import { useMutation, useQueryClient } from '@tanstack/vue-query'
import { api, ask } from './client'
import type { Role } from './projects'
import { raw } from './raw'

export function useMemberChanges() {
  const cache = useQueryClient()
  const settle = { onSuccess: () => Promise.all(['members', 'project', 'projects'].map((key) => cache.invalidateQueries({ queryKey: [key] }))) }
  const add = useMutation({
    mutationFn: ({ project, username, role }: { project: number; username: string; role: Role }) =>
      raw('POST', `/api/projects/${project}/members/`, { body: { username, role } }),
    ...settle,
  })
  const change = useMutation({
    mutationFn: ({ project, user, role }: { project: number; user: number; role: Role }) =>
      ask(
        api.PUT('/api/projects/{project_id}/members/{user_id}/', {
          params: { path: { project_id: project, user_id: user } },
          body: { role },
        }),
      ),
    ...settle,
  })
  const remove = useMutation({
    mutationFn: ({ project, user }: { project: number; user: number }) =>
      ask(
        api.DELETE('/api/projects/{project_id}/members/{user_id}/', {
          params: { path: { project_id: project, user_id: user } },
        }),
      ),
    ...settle,
  })
  return { add, change, remove }
}
