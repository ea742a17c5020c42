/** The six shapes a load can have, as cards of the plan editor show them, and the config each of them means. */
import { isRange, rangeOf, variableOf } from './config'
import type { LoadConfig, Stage, Variable } from './config'
import { pointsOf, peakOf } from './profile'

export const MODES = ['users', 'stages', 'arrivals', 'stair', 'break', 'hold'] as const
export type Mode = (typeof MODES)[number]

const SEARCHING: Partial<Record<NonNullable<LoadConfig['test_mode']>, Mode>> = {
  step: 'stair',
  error_rate: 'break',
  adaptive: 'hold',
}

export function modeOf(config: LoadConfig): Mode {
  const searching = SEARCHING[config.test_mode ?? 'concurrent']
  if (searching) return searching
  const rate = config.execution_config?.arrival_rate
  if (config.execution_config?.stages?.length || Array.isArray(rate)) return 'stages'
  return rate == null ? 'users' : 'arrivals'
}

/** Whether the mode finds its load while it runs, so that a curve drawn beforehand is a sketch. */
export function isSearch(mode: Mode): boolean {
  return mode === 'break' || mode === 'hold'
}

/** Whether a run of the mode ends when it has found what it looks for, which may be early. */
export function endsEarly(mode: Mode): boolean {
  return mode === 'break'
}

/** The stages of a staged load, whatever they count. */
export function stagesOf(config: LoadConfig): Stage[] {
  const execution = config.execution_config
  if (execution?.stages?.length) return execution.stages
  return Array.isArray(execution?.arrival_rate) ? execution.arrival_rate : []
}

/** The config with other stages; virtual users are bounded by the highest of them. */
export function withStages(config: LoadConfig, stages: Stage[]): LoadConfig {
  const execution = config.execution_config ?? {}
  if (variableOf(config) === 'arrival_rate') {
    return { ...config, execution_config: { ...execution, arrival_rate: stages } }
  }
  const most = Math.max(1, Math.round(Math.max(...stages.map((stage) => stage.target))))
  return { ...config, concurrent_users: most, execution_config: { ...execution, stages } }
}

/** What a mode needs beside what the plan has: peak and length are kept where they make sense. */
type Change = (config: LoadConfig, peak: number, seconds: number) => LoadConfig

const CHANGES: Record<Mode, Change> = {
  users: (config, peak) => ({ ...config, concurrent_users: whole(peak) }),
  stages: (config, peak, seconds) => withStages(config, threeStages(peak, seconds)),
  arrivals: (config, peak) => withRate(config, variableOf(config) === 'vus' ? whole(peak) : peak),
  stair: (config, peak) => ({
    ...config,
    concurrent_users: whole(peak),
    step_users: config.step_users ?? Math.max(1, Math.round(peak / 10)),
    step_time: config.step_time ?? 30,
  }),
  break: (config, peak) => ({
    ...config,
    concurrent_users: whole(peak),
    error_threshold: config.error_threshold ?? 1,
    step_users: config.step_users ?? Math.max(1, Math.round(peak / 10)),
    step_time: config.step_time ?? 10,
    hold_time: Math.max(config.hold_time ?? 0, 1800),
  }),
  hold: (config, peak) => ({
    ...config,
    concurrent_users: whole(peak),
    adaptive_target: config.adaptive_target ?? { metric: 'p95', target: 300 },
    ramp_up_time: config.ramp_up_time || 60,
    hold_time: config.hold_time || 300,
  }),
}

const TEST_MODE: Record<Mode, NonNullable<LoadConfig['test_mode']>> = {
  users: 'concurrent',
  stages: 'concurrent',
  arrivals: 'concurrent',
  stair: 'step',
  break: 'error_rate',
  hold: 'adaptive',
}

/** The config in another mode: what the modes share stays, what belongs to the old one only is dropped. */
export function withMode(config: LoadConfig, mode: Mode): LoadConfig {
  if (modeOf(config) === mode) return config
  const points = pointsOf(config)
  const peak = Math.max(1, peakOf(points))
  const seconds = points.length ? points[points.length - 1]!.at : 60
  const { stages: _stages, arrival_rate: _rate, ...execution } = config.execution_config ?? {}
  const plain = { ...config, test_mode: TEST_MODE[mode], execution_config: execution, ...unused(mode) }
  return CHANGES[mode](plain, peak, seconds)
}

/** The config with its load counted in users, or in arrivals per second. */
export function withVariable(config: LoadConfig, variable: Variable): LoadConfig {
  if (variableOf(config) === variable) return config
  const { stages, arrival_rate, ...execution } = config.execution_config ?? {}
  const plain = { ...config, execution_config: execution }
  if (variable === 'vus') {
    const stage = Array.isArray(arrival_rate) ? arrival_rate : null
    const range = isRange(arrival_rate) ? arrival_rate : null
    if (stage) return withStages(plain, stage)
    return { ...plain, concurrent_users: whole(range?.max ?? config.concurrent_users) }
  }
  const rate = stages?.length ? stages : config.test_mode === 'concurrent' ? config.concurrent_users : rangeOf(config)
  return { ...plain, execution_config: { ...execution, arrival_rate: rate, max_vus: execution.max_vus ?? 1000 } }
}

function unused(mode: Mode): Partial<LoadConfig> {
  return {
    ...(mode === 'stair' || mode === 'break' ? {} : { step_users: null, step_time: null }),
    ...(mode === 'break' ? {} : { error_threshold: null }),
    ...(mode === 'hold' ? {} : { adaptive_target: null }),
  }
}

function withRate(config: LoadConfig, rate: number): LoadConfig {
  const execution = config.execution_config ?? {}
  return { ...config, execution_config: { ...execution, arrival_rate: rate, max_vus: execution.max_vus ?? 1000 } }
}

function threeStages(peak: number, seconds: number): Stage[] {
  const side = Math.max(10, Math.round(seconds / 6))
  const middle = Math.max(10, Math.round(seconds - 2 * side))
  return [
    { duration: side, target: peak },
    { duration: middle, target: peak },
    { duration: side, target: 0 },
  ]
}

function whole(value: number): number {
  return Math.max(1, Math.round(value))
}
