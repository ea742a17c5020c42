// Every number and time shown goes through here. Null is “–”, never 0.
import { dayText } from './dates'
import { tag } from './index'

export const NONE = '–'
type Maybe = number | null | undefined

function absent(value: Maybe): value is null | undefined {
  return value === null || value === undefined || Number.isNaN(value)
}

/** Digits in groups of three. */
export function grouped(digits: string): string {
  if (digits.length < 4) return digits
  const [whole, rest] = digits.split('.')
  return `${whole!.replace(/\B(?=(\d{3})+$)/g, ',')}${rest === undefined ? '' : `.${rest}`}`
}

/** A number with grouped thousands and a fixed count of decimals. */
export function num(value: Maybe, decimals = 0): string {
  if (absent(value)) return NONE
  return grouped(value.toFixed(decimals))
}

/** A round number with all its decimals, as at the ticks of an axis. */
export function exact(value: number): string {
  return grouped(String(value))
}

/** Milliseconds without their unit: three digits that mean something. */
export function ms(value: Maybe): string {
  if (absent(value)) return NONE
  return num(value, value >= 100 ? 0 : value >= 1 ? 1 : 2)
}

/** A rate per second without its unit. */
export function rate(value: Maybe): string {
  if (absent(value)) return NONE
  return num(value, value !== 0 && value < 10 ? 1 : 0)
}

/** A share in percent, without the sign. */
export function percent(value: Maybe): string {
  return num(value, 2)
}

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** A size with its unit. */
export function bytes(value: Maybe): string {
  if (absent(value)) return NONE
  let power = 0
  while (value >= 1024 && power < SIZES.length - 1) {
    value /= 1024
    power += 1
  }
  return `${num(value, power > 0 && value < 100 ? 1 : 0)} ${SIZES[power]}`
}

const two = (part: number) => String(part).padStart(2, '0')

/** Seconds without their unit, to a tenth where they are not whole; to a hundredth where they are under one. */
export function short(seconds: Maybe): string {
  if (absent(seconds)) return NONE
  if (seconds > 0 && seconds < 0.995) return num(seconds, 2)
  return num(seconds, Number.isInteger(Number(seconds.toFixed(1))) ? 0 : 1)
}

/** Seconds as a clock: 09:12, 1:02:03. */
export function span(seconds: Maybe): string {
  if (absent(seconds)) return NONE
  const whole = Math.max(0, Math.floor(seconds))
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor(whole / 60) % 60
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${two(minutes)}:${two(whole % 60)}`
}

/** A time as the API writes it (ISO 8601) or in Unix seconds. */
export function asDate(time: string | number | Date): Date {
  return time instanceof Date ? time : new Date(typeof time === 'number' ? time * 1000 : time)
}

/** The time of day in the viewer's zone. */
export function clock(time: string | number | Date, seconds = true): string {
  const date = asDate(time)
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`
  return seconds ? `${minutes}:${two(date.getSeconds())}` : minutes
}

/** The same after its day, where `dated`: in a run of more than a day a time of day alone comes twice. */
export function clockOn(time: string | number | Date, dated: boolean, seconds = true): string {
  return dated ? `${dayText(asDate(time), new Date())} ${clock(time, seconds)}` : clock(time, seconds)
}

/** Date and time of day in the viewer's zone. */
export function moment(time: string | number | Date | null | undefined): string {
  if (time === null || time === undefined) return NONE
  const date = asDate(time)
  return `${dayText(date, new Date())} ${clock(date, false)}`
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
]

/** With a space between a number and what it counts, as everywhere in Chinese texts. */
function spaced(text: string): string {
  return text.replace(/(\d)(?=\p{Script=Han})/u, '$1 ')
}

/** How long ago: “5 minutes ago”; within the last minute “just now”. */
export function ago(time: string | number | Date, now: Date = new Date()): string {
  const seconds = (asDate(time).getTime() - now.getTime()) / 1000
  const words = new Intl.RelativeTimeFormat(tag(), { numeric: 'auto' })
  const step = STEPS.find(([, length]) => Math.abs(seconds) >= length)
  return step ? spaced(words.format(Math.round(seconds / step[1]), step[0])) : tag() === 'en' ? 'just now' : '刚刚'
}
