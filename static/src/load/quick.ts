/** Plans for a first run: one address, no scene. */
import type { LoadConfig } from './config'

interface Quick {
  address: string
  users: number
  seconds: number
}

const MOST_LEVELS = 10
const LEVEL_S = 10
const LONGEST_S = 900


export function usersForAMinute({ address, users, seconds }: Quick): LoadConfig & { target_url: string } {
  const ramp = Math.min(5, Math.floor(seconds / 4))
  return { target_url: address, concurrent_users: users, ramp_up_time: ramp, hold_time: seconds - ramp, test_type: 'smoke' }
}

export function breakingPoint({ address, users }: Quick): LoadConfig & { target_url: string } {
  return {
    target_url: address,
    concurrent_users: users,
    test_mode: 'error_rate',
    test_type: 'stress',
    error_threshold: 1,
    step_users: Math.max(1, Math.round(users / MOST_LEVELS)),
    step_time: LEVEL_S,
    hold_time: LONGEST_S,
  }
}
