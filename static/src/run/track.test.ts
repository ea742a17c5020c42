import { describe, expect, it } from 'vitest'
import { Track } from './track'

describe('a track', () => {
  it('keeps figures by second and says null where nothing was measured', () => {
    const track = new Track(2)
    for (const [time, value] of [[10, 1], [11, null], [12, 3]] as const) track.set('rps', track.push(time), value)
    expect([...track.times]).toEqual([10, 11, 12])
    expect([0, 1, 2].map((row) => track.at('rps', row))).toEqual([1, null, 3])
    expect(track.latest('rps')).toBe(3)
    expect(track.at('never', 0)).toBeNull()
  })

  it('takes no second twice and breaks the line where seconds are missing', () => {
    const track = new Track()
    track.set('rps', track.push(10), 5)
    expect(track.push(10)).toBe(-1)
    expect(track.push(9)).toBe(-1)
    track.set('rps', track.push(20), 6)
    expect([...track.times]).toEqual([10, 11, 20])
    expect(track.at('rps', 1)).toBeNull()
  })

  it('grows without losing anything, also in columns that come late', () => {
    const track = new Track(2)
    for (let time = 0; time < 100; time++) track.set('rps', track.push(time), time)
    track.set('late', 99, 7)
    expect(track.at('rps', 50)).toBe(50)
    expect(track.at('late', 0)).toBeNull()
    expect(track.latest('late')).toBe(7)
  })

  it('adds up and averages by time, whatever the width of its rows', () => {
    const track = new Track()
    track.set('rps', track.push(100, 10), 4)
    track.set('rps', track.push(110, 10), null)
    track.set('rps', track.push(120, 1), 15)
    track.set('rps', track.push(130, 1), 26)
    expect(track.totalIn('rps', 100, 131)).toBe(81)
    expect(track.meanIn('rps', 100, 131)).toBe(81 / 12)
    expect(track.totalIn('rps', 110, 120)).toBeNull()
    expect(track.meanIn('never', 100, 131)).toBeNull()
  })

  it('finds rows by time', () => {
    const track = new Track()
    for (const time of [10, 11, 12, 13]) track.push(time)
    expect(track.rowAt(9)).toBe(-1)
    expect(track.rowAt(12.5)).toBe(2)
    expect(track.rows(11, 13)).toEqual([1, 3])
    expect(track.rows(0, 99)).toEqual([0, 4])
  })
})
