// Changing the load by hand: the level now, what another would need, and sending it.
import { computed } from 'vue'
import { steer } from '@/api/execution'
import { t } from '@/i18n'
import { done, failed } from '@/parts/notices'
import { meanOf } from '@/run/littlesLaw'
import { peakOf } from '@/run/course'
import { levelText } from './words'
import type { RunView } from './view'

export function useSteering(view: RunView) {
  const { run, tick, variable, execution, course } = view
  const users = computed(() => variable.value === 'vus')
  const latest = computed(() => (void tick.value, run.value.main))
  const level = computed(() => course.value?.ahead[0]?.[1] ?? latest.value.latest(users.value ? 'plannedUsers' : 'plannedRate') ?? 0)
  const most = computed(() => {
    void tick.value
    const planned = peakOf(run.value.info?.planned.points ?? [])
    return nice(Math.max(planned, level.value, run.value.info?.planned.max ?? 0) * 1.6 || 10)
  })
  /** Users busy at a level of arrivals, by what one arrival takes now. */
  const needed = (wanted: number) => {
    const [busy, rate] = ['users', 'rate'].map((name) => meanOf(latest.value, name, latest.value.length - 1, 10))
    return users.value || !busy || !rate ? null : Math.ceil((wanted * busy) / rate)
  }
  const change = async (wanted: number) => {
    try {
      await steer.load(execution.value.execution_id, variable.value, wanted)
      done(t('run.steer.loadChanged', { level: levelText(wanted, variable.value) }))
    } catch (error) {
      failed(error)
    }
  }
  const step = computed(() => (users.value ? 1 : most.value > 100 ? 5 : most.value > 20 ? 1 : 0.1))
  const rounded = (wanted: number) => Math.max(0, Number((Math.round(wanted / step.value) * step.value).toFixed(1)))
  return { users, level, most, needed, change, step, rounded }
}

function nice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((each) => each * power >= value) ?? 10) * power
}
