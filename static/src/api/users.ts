// Sign-in, the own profile, and the accounts that an administrator sees.
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { type MaybeRefOrGetter, toValue } from 'vue'
import { api, ask, type Schemas } from './client'
import { queries } from './queries'
import { session } from './session'

export async function signIn(username: string, password: string): Promise<void> {
  const reply = await ask(api.POST('/api/users/login/', { body: { username, password } }))
  queries.clear()
  session.begin(reply, reply.user)
}

export async function register(form: Schemas['Registration']): Promise<void> {
  await ask(api.POST('/api/users/register/', { body: form }))
  await signIn(form.username, form.password)
}

/** End the session here even when the service cannot be reached. */
export async function signOut(): Promise<void> {
  const over = ask(api.POST('/api/users/logout/')).catch(() => null)
  await over
  session.end()
  queries.clear()
}

export function useProfileChange() {
  return useMutation({
    mutationFn: (body: Schemas['ProfileChange']) => ask(api.PUT('/api/users/me/', { body })),
    onSuccess: (user) => session.rename(user),
  })
}

export function usePasswordChange() {
  return useMutation({
    mutationFn: (body: Schemas['PasswordChange']) => ask(api.PUT('/api/users/me/password/', { body })),
    onSuccess: (pair) => {
      if (session.user !== null) session.begin(pair, session.user)
    },
  })
}

export function useUsers(page: MaybeRefOrGetter<number>, size = 50) {
  return useQuery({
    queryKey: ['users', page],
    queryFn: () => ask(api.GET('/api/users/', { params: { query: { page: toValue(page), page_size: size } } })),
    placeholderData: keepPreviousData,
  })
}

export function useUserCreation() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (body: Schemas['NewAccount']) => ask(api.POST('/api/users/', { body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['users'] }),
  })
}

export function useUserChange() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ id, body }: { id: number; body: Schemas['AccountChange'] }) =>
      ask(api.PUT('/api/users/{user_id}/', { params: { path: { user_id: id } }, body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['users'] }),
  })
}
