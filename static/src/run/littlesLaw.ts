/** Little's law: what is under way = how much arrives × how long it stays. Of the last ten seconds. */

import type { Track } from './track'

export interface Little {
  rate: number
  /** Seconds each stays. */
  stay: number
  expected: number
  measured: number
  /** ok · slack: users are idle or think · short: fewer users than replies under way, so one of the figures is off. */
  state: 'ok' | 'slack' | 'short'
}

/** Requests under way (rate × response time) against the users that could have sent them. */
export function little(track: Track, seconds = 10): Little | null {
  const last = track.length - 1
  const means = ['rps', 'avg', 'users'].map((name) => meanOf(track, name, last, seconds))
  const [rate, avg, users] = means as [number | null, number | null, number | null]
  if (rate === null || avg === null || users === null || !users || !rate) return null
  const expected = (rate * avg) / 1000
  const off = expected > users * 1.1
  const state = off ? 'short' : expected < users * 0.9 ? 'slack' : 'ok'
  return { rate, stay: avg / 1000, expected, measured: users, state }
}

/** Mean of the last so many rows up to one. */
export function meanOf(track: Track, name: string, last: number, rows: number): number | null {
  return track.mean(name, last - rows + 1, last + 1)
}

export function maxOf(track: Track, name: string, last: number, seconds: number): number | null {
  let most: number | null = null
  for (let row = Math.max(0, last - seconds + 1); row <= last; row++) {
    const value = track.at(name, row)
    if (value !== null && (most === null || value > most)) most = value
  }
  return most
}
