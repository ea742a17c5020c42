// The session as this browser keeps it for all its tabs.
import type { components } from './schema'

export type User = components['schemas']['UserResponse']

export interface Session {
  token: string
  refreshToken: string
  user: User
}

export const SESSION_KEY = 'perfsvc.session'

export function storedSession(): Session | null {
  try {
    return JSON.parse(localStorage.getItem(SESSION_KEY) ?? 'null') as Session | null
  } catch {
    return null
  }
}
