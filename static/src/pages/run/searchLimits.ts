// The limits by which the levels of a search are marked, live and in the report.
import { computed } from 'vue'
import { breaches, limitsOf, type LevelFigure } from '@/run/breach'
import type { Level } from '@/run/search'
import type { RunView } from './view'

export function useSearchLimits({ run, report, tick }: RunView) {
  const lines = computed(() => (void tick.value, (report.value?.verdict.thresholds ?? run.value.thresholds).map(({ expression }) => expression).join('\n')))
  const errors = computed(() => (void tick.value, run.value.search.found?.threshold))
  const limits = computed(() => limitsOf(lines.value ? lines.value.split('\n') : [], errors.value))
  const missed = (row: Level, figure: LevelFigure) => row.phase !== 'recover' && breaches(row, limits.value).has(figure)
  return { missed }
}
