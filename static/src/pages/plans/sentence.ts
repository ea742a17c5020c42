// A plan in one line: what its load does.
import type { PlanConfig } from '@/api/planEditing'
import { t } from '@/i18n'
import { num } from '@/i18n/format'
import { rangeOf } from '@/load/config'
import { modeOf, stagesOf } from '@/load/modes'
import { lengthOf, pointsOf } from '@/load/profile'
import { clock } from '@/load/span'
import { loadUnit } from './units'

const MOST_LEVELS = 6

/** The levels of a staged load, without repeats: 150 → 400 → 150. */
function levels(config: PlanConfig): string {
  const all = stagesOf(config).map((stage) => stage.target)
  const turns = all.filter((level, i) => level !== all[i - 1])
  const shown = turns.length > MOST_LEVELS ? [turns[0]!, Math.max(...turns), turns.at(-1)!] : turns
  return shown.map((level) => num(level)).join(' → ')
}

export function sentenceOf(config: PlanConfig): string {
  const length = clock(lengthOf(pointsOf(config)))
  const { max } = rangeOf(config)
  const [peak, unit] = [num(max), loadUnit(config, max)]
  const mode = modeOf(config)
  if (mode === 'users') return t('plans.sayUsers', { users: num(config.concurrent_users), length }, config.concurrent_users)
  if (mode === 'stages') return t('plans.sayStages', { levels: levels(config), unit: loadUnit(config), length })
  if (mode === 'arrivals') return t('plans.sayArrivals', { rate: num(config.execution_config?.arrival_rate as number), length })
  if (mode === 'stair') return t('plans.sayStair', { each: clock(config.step_time ?? 0), step: num(config.step_users), peak, unit })
  if (mode === 'break') return t('plans.sayBreak', { percent: num(config.error_threshold, 0), peak, unit })
  const target = config.adaptive_target
  const metric = target?.metric ?? 'p95'
  const ends = { error_rate: ' %', rps: ` ${t('plans.perSecond')}` }[metric] ?? ' ms'
  return t('plans.sayHold', { metric: t(`plans.metric.${metric as 'p95'}`), target: `${num(target?.target)}${ends}`, peak, unit })
}

/** The scenes of a plan in one line: the first with its share, and how many more. */
export function scenesOf(names: readonly string[], percents: readonly number[], address: string | null | undefined): string {
  if (names.length === 0) return address ?? ''
  const first = t('plans.sceneShare', { name: names[0], percent: percents[0] })
  return names.length > 1 ? first + t('plans.moreScenes', {}, names.length - 1) : first
}
