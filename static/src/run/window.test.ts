import { describe, expect, it } from 'vitest'
import { fitted, panned, parsed, soFar, written, zoomed } from './window'

const whole = { from: 1000, to: 1100 }

describe('the window', () => {
  it('stands in links as seconds from the start', () => {
    expect(parsed('10-40', 1000)).toEqual({ from: 1010, to: 1040 })
    expect(written({ from: 1010, to: 1040 }, 1000)).toBe('10-40')
    expect(written(null, 1000)).toBeUndefined()
  })

  it.each([undefined, '', '40-10', '5-6', 'a-b', '10-40; drop'])('is the whole run for %s', (text) => {
    expect(parsed(text, 1000)).toBeNull()
  })

  it('stays inside the run and is nothing when it is all of it', () => {
    expect(fitted({ from: 990.4, to: 1020.2 }, whole)).toEqual({ from: 1000, to: 1021 })
    expect(fitted({ from: 990, to: 1200 }, whole)).toBeNull()
    expect(fitted({ from: 1010, to: 1010.4 }, whole)).toBeNull()
  })

  it('is of a round length from the start while most of a long run is still to come', () => {
    const hour = { from: 1000, to: 4600 }
    expect([1, 54, 55, 500].map((seconds) => soFar(hour, 1000 + seconds).to - 1000)).toEqual([60, 60, 120, 600])
    expect([soFar(hour, 4000), soFar({ from: 1000, to: 1060 }, 1001)]).toEqual([hour, { from: 1000, to: 1060 }])
    expect(soFar({ from: 1000, to: 1075 }, 1010)).toEqual({ from: 1000, to: 1075 })
  })

  it('zooms around what is pointed at and pans to the ends', () => {
    expect(zoomed({ from: 1000, to: 1100 }, whole, 0.5, 1020)).toEqual({ from: 1010, to: 1060 })
    expect(zoomed({ from: 1010, to: 1060 }, whole, 4)).toBeNull()
    expect(panned({ from: 1010, to: 1030 }, whole, 0.5)).toEqual({ from: 1020, to: 1040 })
    expect(panned({ from: 1010, to: 1030 }, whole, -5)).toEqual({ from: 1000, to: 1020 })
  })
})
