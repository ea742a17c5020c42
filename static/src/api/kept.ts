// The session as this browser keeps it for all its tabs.
import type { components } from './schema'

export type User = components['schemas']['UserResponse']

export interface Session {
  token: string
  refreshToken: string
  user: User
}

export const KEPT = 'perfsvc.session'

export function keptSession(): Session | null {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? 'null') as Session | null
  } catch {
    return null
  }
}
