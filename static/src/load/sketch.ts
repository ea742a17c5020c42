/** What a search may look like: a drawing that says so, for the modes whose course the target decides. */
import { rangeOf } from './config'
import type { LoadConfig } from './config'
import { firstLevel } from './profile'
import type { Point } from './profile'

export interface Level {
  from: number
  to: number
  load: number
  broken: boolean
}

export interface SearchSketch {
  levels: Level[]
  low: number
  high: number
}

const MOST_LEVELS = 60

/** Levels of a search for the breaking point, as if the target broke at `knee`. */
export function searchSketch(config: LoadConfig, knee?: number): SearchSketch {
  const { min, max } = rangeOf(config)
  const seconds = config.execution_config?.search?.level_time || config.step_time || 10
  const breaks = knee !== undefined && knee < max ? knee : min + (max - min) * 0.62
  const levels: Level[] = []
  const hold = (load: number): boolean => {
    const from = levels.length * seconds
    const broken = load > breaks
    levels.push({ from, to: from + seconds, load, broken })
    return broken
  }
  const [low, high] = raise(config, hold, min, max)
  return { levels, ...bisect(config, hold, low, high) }
}

function raise(config: LoadConfig, hold: (load: number) => boolean, min: number, max: number): [number, number] {
  let low = min
  let load = firstLevel(config)
  for (let i = 0; i < MOST_LEVELS / 2; i++) {
    if (hold(load)) return [low, load]
    low = load
    if (load >= max) break
    load = Math.min(max, config.step_users ? load + config.step_users : load * 1.5)
  }
  return [low, max]
}

function bisect(config: LoadConfig, hold: (load: number) => boolean, from: number, to: number) {
  const precision = (config.execution_config?.search?.precision ?? 2) / 100
  let [low, high] = [from, to]
  for (let i = 0; i < 12 && high - low > Math.max(1, high * precision); i++) {
    const middle = Math.round((low + high) / 2)
    if (middle === low || middle === high) break
    if (hold(middle)) high = middle
    else low = middle
  }
  for (let i = 0; i < (config.execution_config?.search?.confirmations ?? 3); i++) hold(low)
  return { low, high }
}

interface HoldSketch {
  points: Point[]
  settled: number
  guess: number
}

const SWING = [0.05, 0.35, 0.62, 0.9, 1.12, 1.04, 0.96, 1.01, 1, 0.99, 1.005, 1]

/** The load that a target-holding run may take: a search that swings into a level in the middle of its range. */
export function holdSketch(config: LoadConfig, found?: number): HoldSketch {
  const { min, max } = rangeOf(config)
  const settled = config.ramp_up_time || 30
  const guess = found !== undefined && found < max ? found : min + (max - min) * 0.6
  const points = SWING.map((part, i) => ({
    at: (i * settled) / (SWING.length - 1),
    load: Math.min(max, Math.max(min, part * guess)),
  }))
  points.push({ at: settled + (config.hold_time ?? 0), load: guess })
  return { points, settled, guess }
}
