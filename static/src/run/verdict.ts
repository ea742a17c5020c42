/** The verdict so far, from the states of the thresholds. */

import type { ThresholdState } from './frames'

interface SoFar {
  state: 'none' | 'holding' | 'breaking' | 'breached'
  /** The threshold that decides. */
  worst: ThresholdState | null
  /** Seconds until it is breached if it stays broken; null where that is not a matter of seconds. */
  left: number | null
}
const ORDER = { holding: 0, breaking: 1, breached: 2 } as const

export function soFar(thresholds: readonly ThresholdState[]): SoFar {
  const worst = thresholds.reduce<ThresholdState | null>((found, next) => (!found || worse(next, found) ? next : found), null)
  if (!worst) return { state: 'none', worst: null, left: null }
  const left = worst.state === 'breaking' && worst.of_s ? worst.of_s - worst.broken_s : null
  return { state: worst.state, worst, left }
}

function worse(next: ThresholdState, than: ThresholdState): boolean {
  if (ORDER[next.state] !== ORDER[than.state]) return ORDER[next.state] > ORDER[than.state]
  // Errors explain what else is not held.
  const [errors, others] = [next, than].map(({ metric }) => metric === 'error_rate')
  if (errors !== others && next.state === 'breached') return errors!
  return next.of_s > 0 && next.broken_s / next.of_s > than.broken_s / (than.of_s || Infinity)
}
