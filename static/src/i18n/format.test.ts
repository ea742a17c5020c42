import { describe, expect, it } from 'vitest'
import { dayText, weekdayText } from './dates'
import { ago, bytes, clock, ms, num, percent, rate, span } from './format'
import { language } from './index'

describe('numbers', () => {
  it('shows null as a dash, never as 0', () => {
    expect([num(null), ms(undefined), rate(Number.NaN), percent(null), bytes(null), span(null)]).toEqual(
      Array.from({ length: 6 }).fill('–'),
    )
    expect([num(0), ms(0), rate(0)]).toEqual(['0', '0.00', '0'])
  })

  it('keeps the digits that mean something', () => {
    expect([ms(0.256), ms(31.24), ms(341.4), ms(1240)]).toEqual(['0.26', '31.2', '341', '1,240'])
    expect([rate(0.4), rate(12.6), rate(1557.2)]).toEqual(['0.4', '13', '1,557'])
  })

  it('writes numbers as the browser would', () => {
    const values = [0, 0.5, 7, 12.25, 999, 1000, 12_345.678, 999_999.9, 1_234_567, -1234.5]
    for (const decimals of [0, 1, 2]) {
      const format = new Intl.NumberFormat('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
      expect(values.map((value) => num(value, decimals))).toEqual(values.map((value) => format.format(value)))
    }
  })

  it('gives sizes their unit', () => {
    expect([bytes(512), bytes(1536), bytes(256 * 1024 ** 2)]).toEqual(['512 B', '1.5 KiB', '256 MiB'])
  })
})

describe('times', () => {
  it('writes spans as a clock', () => {
    expect([span(0), span(552.9), span(3723)]).toEqual(['00:00', '09:12', '1:02:03'])
  })

  it('writes dates as the browser would, in both languages', () => {
    const now = new Date(2026, 4, 1)
    for (const [name, tag] of [['zh', 'zh-CN'], ['en', 'en']] as const) {
      language.value = name
      for (let day = 0; day < 400; day += 9) {
        const date = new Date(2025, 10, 1 + day, 7, 5, 9)
        const year: Intl.DateTimeFormatOptions = date.getFullYear() === 2026 ? {} : { year: 'numeric' }
        expect(dayText(date, now)).toBe(date.toLocaleDateString(tag, { month: 'short', day: 'numeric', ...year }))
        expect(weekdayText(date, now)).toBe(date.toLocaleDateString(tag, { month: 'long', day: 'numeric', weekday: 'short', ...year }))
        expect(clock(date)).toBe(date.toLocaleTimeString('en-GB'))
      }
    }
    language.value = 'zh'
  })

  it('says how long ago in the language in use', () => {
    const now = new Date('2026-05-01T12:00:00Z')
    expect(ago('2026-05-01T11:55:00Z', now)).toBe('5 分钟前')
    expect(ago('2026-04-30T12:00:00Z', now)).toBe('昨天')
  })
})
