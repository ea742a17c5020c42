/** The corners of a drawn curve that a person can move, and what a move does to the config. */
import { variableOf } from './config'
import type { LoadConfig } from './config'
import { modeOf, stagesOf, withStages } from './modes'

interface Handle {
  index: number
  at: number
  load: number
}

export function handlesOf(config: LoadConfig): Handle[] {
  const mode = modeOf(config)
  if (mode === 'stages') {
    let at = 0
    return stagesOf(config).map((stage, index) => ({ index, at: (at += stage.duration), load: stage.target }))
  }
  if (mode !== 'users' && mode !== 'arrivals') return []
  const rise = config.ramp_up_time ?? 0
  const load = levelOf(config)
  return [
    { index: 0, at: rise, load },
    { index: 1, at: rise + (config.hold_time ?? 60), load },
  ]
}

/** What a corner stands for: the seconds of its own part, and its load. */
export function partOf(config: LoadConfig, index: number): { seconds: number; load: number } {
  if (modeOf(config) === 'stages') {
    const stage = stagesOf(config)[index]
    return { seconds: stage?.duration ?? 0, load: stage?.target ?? 0 }
  }
  return { seconds: index === 0 ? (config.ramp_up_time ?? 0) : (config.hold_time ?? 60), load: levelOf(config) }
}

/** The config with a corner at other seconds of its part, and another load. */
export function withPart(config: LoadConfig, index: number, seconds: number, load: number): LoadConfig {
  const time = Math.max(0, seconds)
  if (modeOf(config) === 'stages') {
    const stages = stagesOf(config).map((stage, i) =>
      i === index ? { duration: time, target: Math.max(0, load) } : stage,
    )
    return withStages(config, stages)
  }
  const level = withLevel(config, Math.max(1, load))
  return index === 0 ? { ...level, ramp_up_time: Math.round(time) } : { ...level, hold_time: Math.max(1, Math.round(time)) }
}

function levelOf(config: LoadConfig): number {
  const rate = config.execution_config?.arrival_rate
  return typeof rate === 'number' ? rate : config.concurrent_users
}

function withLevel(config: LoadConfig, load: number): LoadConfig {
  if (variableOf(config) === 'vus') return { ...config, concurrent_users: Math.round(load) }
  return { ...config, execution_config: { ...config.execution_config, arrival_rate: load } }
}

export function withStageAdded(config: LoadConfig, after: number): LoadConfig {
  const stages = stagesOf(config)
  const added = { duration: 60, target: stages[after]?.target ?? 10 }
  return withStages(config, [...stages.slice(0, after + 1), added, ...stages.slice(after + 1)])
}

export function withStageRemoved(config: LoadConfig, index: number): LoadConfig {
  const stages = stagesOf(config)
  return stages.length > 1 ? withStages(config, stages.filter((_, i) => i !== index)) : config
}
