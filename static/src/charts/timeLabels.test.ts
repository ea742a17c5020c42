import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { language } from '@/i18n'
import { timeLabels } from './timeLabels'

const year = new Date().getFullYear()
const at = (day: number, hour: number, minute = 0, second = 0) => new Date(year, 2, day, hour, minute, second).getTime() / 1000

describe('labels of a time axis', () => {
  beforeEach(() => void (language.value = 'en'))
  afterEach(() => void (language.value = 'zh'))

  it('are times of day', () => {
    expect(timeLabels([at(4, 22), at(5, 0), at(5, 2)], false, 80)).toEqual(['22:00', '00:00', '02:00'])
    expect(timeLabels([at(4, 22), at(4, 22, 0, 30)], false, 80)).toEqual(['22:00:00', '22:00:30'])
  })

  it('say at midnight which day begins, in a run of several days', () => {
    expect(timeLabels([at(4, 18), at(5, 0), at(5, 6)], true, 80)).toEqual(['18:00', 'Mar 5', '06:00'])
  })

  it('say at the first tick which day it is where no midnight is in view', () => {
    expect(timeLabels([at(5, 6), at(5, 8), at(5, 10)], true, 120)).toEqual(['Mar 5 06:00', '08:00', '10:00'])
    expect(timeLabels([at(5, 6), at(5, 8), at(5, 10)], true, 80)).toEqual(['Mar 5 06:00', '', '10:00'])
  })
})
