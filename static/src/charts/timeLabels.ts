/** Words at the ticks of a time axis. */

import { dayText } from '@/i18n/dates'
import { asDate, clock, clockOn } from '@/i18n/format'

/** Pixels of a day with its time of day, and a space. */
const WIDE = 104

/**
 * Times of day. In a run of several days midnight is the day that begins; where none is in view, the first tick says
 * which day it is, and the next one is left out where there is no room for both, at `apart` pixels from tick to tick.
 */
export function timeLabels(found: readonly number[], dated: boolean, apart: number): string[] {
  const seconds = found.some((tick) => tick % 60 !== 0)
  const days = dated ? found.map(isMidnight) : []
  const first = dated && !days.includes(true)
  return found.map((tick, at) => {
    if (days[at]) return dayText(asDate(tick), new Date())
    if (first && at === 1 && apart < WIDE) return ''
    return first && at === 0 ? clockOn(tick, true, seconds) : clock(tick, seconds)
  })
}

function isMidnight(time: number): boolean {
  const date = asDate(time)
  return date.getHours() + date.getMinutes() + date.getSeconds() === 0
}
