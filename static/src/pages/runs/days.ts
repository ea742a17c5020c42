// Runs grouped by the day they began, in the viewer's zone.
import type { RunRow } from '@/api/runs'
import { t } from '@/i18n'
import { weekdayText } from '@/i18n/dates'
import { asDate } from '@/i18n/format'

export interface Day {
  key: string
  label: string
  runs: RunRow[]
}

const DAY_MS = 86_400_000

function labelOf(date: Date, now: Date): string {
  const midnight = (time: Date) => new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime()
  const days = Math.round((midnight(now) - midnight(date)) / DAY_MS)
  if (days === 0) return t('runs.today')
  return days === 1 ? t('runs.yesterday') : weekdayText(date, now)
}

export function byDay(runs: readonly RunRow[], now: Date = new Date()): Day[] {
  const days = new Map<string, Day>()
  for (const run of runs) {
    const date = asDate(run.start_time)
    const key = date.toDateString()
    const day = days.get(key) ?? { key, label: labelOf(date, now), runs: [] }
    day.runs.push(run)
    days.set(key, day)
  }
  return [...days.values()]
}
