/** The part of a plan's config that decides the load, as the API has it. */
export interface Stage {
  duration: number
  target: number
}

interface RateRange {
  min: number
  max: number
}

export interface LoadConfig {
  concurrent_users: number
  ramp_up_time?: number
  hold_time?: number
  test_mode?: 'concurrent' | 'step' | 'error_rate' | 'adaptive'
  step_users?: number | null
  step_time?: number | null
  error_threshold?: number | null
  adaptive_target?: { metric: string; target: number } | null
  execution_config?: {
    stages?: Stage[] | null
    arrival_rate?: number | Stage[] | RateRange | null
    max_vus?: number | null
    search?: { level_time?: number | null; settle_time?: number | null; precision?: number; confirmations?: number }
    [key: string]: unknown
  }
  [key: string]: unknown
}

/** What the load counts: virtual users, or arrivals per second. */
export type Variable = 'vus' | 'arrival_rate'

export function variableOf(config: LoadConfig): Variable {
  return config.execution_config?.arrival_rate == null ? 'vus' : 'arrival_rate'
}

export function isRange(rate: unknown): rate is RateRange {
  return typeof rate === 'object' && rate !== null && !Array.isArray(rate)
}

/** The lowest and the highest load that a mode which moves the load itself may take. */
export function rangeOf(config: LoadConfig): RateRange {
  const rate = config.execution_config?.arrival_rate
  return isRange(rate) ? rate : { min: 1, max: config.concurrent_users }
}
