// A run's outcome: in a word, and as one bar of a beat bar.
import type { RunRow } from '@/api/runs'

export type Outcome = 'passed' | 'failed' | 'error' | 'stopped' | 'running' | 'paused' | 'unjudged'
export type Beat = 'pass' | 'warn' | 'fail' | 'stop' | 'none'

type Ended = Pick<RunRow, 'status' | 'verdict' | 'validity'>

export function outcomeOf({ status, verdict }: Ended): Outcome {
  if (status === 'paused') return 'paused'
  if (status === 'failed') return 'error'
  if (status !== 'completed' && status !== 'stopped') return 'running'
  if (verdict === 'FAILED') return 'failed'
  if (status === 'stopped') return 'stopped'
  return verdict === 'PASSED' ? 'passed' : 'unjudged'
}

export function beatOf(run: Ended): Beat {
  const outcome = outcomeOf(run)
  if (outcome === 'failed' || outcome === 'error') return 'fail'
  if (outcome === 'stopped' || outcome === 'running' || outcome === 'paused') return 'stop'
  if (outcome === 'unjudged') return 'stop'
  // What cannot be used has passed nothing.
  if (run.validity === 'INVALID') return 'stop'
  return run.validity === 'SUSPECT' ? 'warn' : 'pass'
}
