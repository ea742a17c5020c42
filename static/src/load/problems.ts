/** What is wrong with a plan, told while it is typed, at the paths that the server uses. */
import { isRange } from './config'
import type { LoadConfig, Stage } from './config'
import { mistakeInAddress } from './address'
import { modeOf, stagesOf } from './modes'
import { parseThreshold } from './thresholds'

interface PlanLike {
  name: string
  scenes: { weight: number }[]
  config: LoadConfig & { target_url?: string | null }
}

type PlanFault =
  | 'noName'
  | 'noTarget'
  | 'noWeight'
  | 'users'
  | 'rate'
  | 'range'
  | 'span'
  | 'noLength'
  | 'step'
  | 'percent'
  | 'target'
  | 'stages'
  | 'threshold'
  | 'thresholdStep'
  | 'noAddress'
  | 'noScheme'
  | 'notWhole'

interface PlanProblem {
  path: string
  fault: PlanFault
  values?: Record<string, string>
}

const MAX_USERS = 1_000_000
const MAX_RATE = 10_000_000
const MAX_SECONDS = 31_536_000

const whole = (value: unknown, least: number, most: number) =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
const positive = (value: unknown, most = MAX_RATE) => typeof value === 'number' && value > 0 && value <= most

export function planProblems(plan: PlanLike, steps: readonly string[]): PlanProblem[] {
  const { config } = plan
  return [
    ...(plan.name.trim() ? [] : [{ path: 'name', fault: 'noName' } as const]),
    ...targetProblems(plan),
    ...plan.scenes.flatMap(({ weight }, i) =>
      whole(weight, 1, MAX_USERS) ? [] : [{ path: `scenes[${i}].weight`, fault: 'noWeight' } as const],
    ),
    ...BY_MODE[modeOf(config)](config),
    ...thresholdProblems(config, steps),
  ]
}

function targetProblems({ scenes, config }: PlanLike): PlanProblem[] {
  const url = config.target_url
  if (!url) return scenes.length ? [] : [{ path: 'scenes', fault: 'noTarget' }]
  const fault = url.includes('{{') ? null : mistakeInAddress(url)
  return fault && fault !== 'noScheme' ? [{ path: 'config.target_url', fault }] : []
}

type Rule = (config: LoadConfig) => PlanProblem[]

const users: Rule = (config) =>
  whole(config.concurrent_users, 1, MAX_USERS) ? [] : [{ path: 'config.concurrent_users', fault: 'users' }]

const spans =
  (...keys: ('ramp_up_time' | 'hold_time' | 'step_time')[]): Rule =>
  (config) =>
    keys
      .filter((key) => !whole(config[key] ?? 0, key === 'step_time' ? 1 : 0, MAX_SECONDS))
      .map((key) => ({ path: `config.${key}`, fault: 'span' }))

const length: Rule = (config) =>
  (config.ramp_up_time ?? 0) + (config.hold_time ?? 60) > 0 ? [] : [{ path: 'config.hold_time', fault: 'noLength' }]

const step: Rule = (config) => (whole(config.step_users, 1, MAX_USERS) ? [] : [{ path: 'config.step_users', fault: 'step' }])

const range: Rule = (config) => {
  const rate = config.execution_config?.arrival_rate
  if (!isRange(rate)) return users(config)
  const sound = positive(rate.min) && positive(rate.max) && rate.min <= rate.max
  return sound ? [] : [{ path: 'config.execution_config.arrival_rate', fault: 'range' }]
}

const rate: Rule = (config) =>
  positive(config.execution_config?.arrival_rate) ? [] : [{ path: 'config.execution_config.arrival_rate', fault: 'rate' }]

const stages: Rule = (config) => {
  const all = stagesOf(config)
  const base = config.execution_config?.stages?.length ? 'stages' : 'arrival_rate'
  const path = `config.execution_config.${base}`
  const sound = (stage: Stage) => stage.duration >= 0 && stage.duration <= MAX_SECONDS && stage.target >= 0 && stage.target <= MAX_RATE
  const broken = all.flatMap((stage, i): PlanProblem[] => (sound(stage) ? [] : [{ path: `${path}[${i}]`, fault: 'stages' }]))
  if (broken.length) return broken
  return all.some((stage) => stage.duration > 0) ? [] : [{ path, fault: 'noLength' }]
}

const all =
  (...rules: Rule[]): Rule =>
  (config) =>
    rules.flatMap((rule) => rule(config))

const BY_MODE: Record<ReturnType<typeof modeOf>, Rule> = {
  users: all(users, spans('ramp_up_time', 'hold_time'), length),
  arrivals: all(rate, spans('ramp_up_time', 'hold_time'), length),
  stages,
  stair: all(range, step, spans('step_time')),
  break: all(range, step, spans('step_time', 'hold_time'), (config) =>
    positive(config.error_threshold, 100) ? [] : [{ path: 'config.error_threshold', fault: 'percent' }],
  ),
  hold: all(range, spans('ramp_up_time', 'hold_time'), length, (config) =>
    positive(config.adaptive_target?.target) ? [] : [{ path: 'config.adaptive_target.target', fault: 'target' }],
  ),
}

function thresholdProblems(config: LoadConfig, steps: readonly string[]): PlanProblem[] {
  const lines = (config.execution_config?.thresholds as string[] | undefined) ?? []
  return lines.flatMap((line, i): PlanProblem[] => {
    const path = `config.execution_config.thresholds[${i}]`
    const rule = parseThreshold(line)
    if (!rule || !Number.isFinite(rule.limit)) return [{ path, fault: 'threshold', values: { line } }]
    if (rule.step === null || !steps.length || steps.includes(rule.step)) return []
    return [{ path, fault: 'thresholdStep', values: { step: rule.step } }]
  })
}
