// Dates in words of the language in use. Not by `Intl`: its first use in a page reads the tables of all languages, which
// takes longer than drawing the page's head.
import { language } from './index'

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
const WEEKDAYS = { en: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'], zh: ['周日', '周一', '周二', '周三', '周四', '周五', '周六'] }

/** Day and month in the viewer's zone, with the year where it is not that of `now`. */
export function dayText(date: Date, now: Date, months: 'short' | 'long' = 'short'): string {
  const year = date.getFullYear() === now.getFullYear() ? null : date.getFullYear()
  if (language.value === 'zh') return `${year === null ? '' : `${year}年`}${date.getMonth() + 1}月${date.getDate()}日`
  const month = MONTHS[date.getMonth()]!
  return `${months === 'long' ? month : month.slice(0, 3)} ${date.getDate()}${year === null ? '' : `, ${year}`}`
}

/** The same with the day of the week. */
export function weekdayText(date: Date, now: Date): string {
  const day = dayText(date, now, 'long')
  const weekday = WEEKDAYS[language.value][date.getDay()]!
  return language.value === 'zh' ? `${day}${weekday}` : `${weekday}, ${day}`
}
