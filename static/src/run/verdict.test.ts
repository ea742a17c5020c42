import { describe, expect, it } from 'vitest'
import type { ThresholdState } from './frames'
import { soFar } from './verdict'

function rule(state: ThresholdState['state'], broken = 0, of = 10): ThresholdState {
  return { expression: `${state} ${broken}`, metric: 'p95', step: null, limit: 300, value: 310, state, broken_s: broken, of_s: of, breached_at: null }
}

describe('the verdict so far', () => {
  it('has none without thresholds', () => {
    expect(soFar([])).toEqual({ state: 'none', worst: null, left: null })
  })

  it('is decided by the worst, and by the one that is nearest to its breach', () => {
    expect(soFar([rule('holding'), rule('breaking', 3), rule('breaking', 7)]).left).toBe(3)
    expect(soFar([rule('breaking', 7), rule('breached')]).state).toBe('breached')
  })

  it('is explained by errors where these are breached as well', () => {
    const errors = { ...rule('breached', 0, 0), metric: 'error_rate' }
    expect(soFar([rule('breached'), errors]).worst).toBe(errors)
    expect(soFar([errors, rule('breached')]).worst).toBe(errors)
  })

  it('counts no seconds down for a rule over the whole run', () => {
    expect(soFar([rule('breaking', 0, 0)]).left).toBeNull()
  })
})
