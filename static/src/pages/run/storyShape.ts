// The staircase of a search as shapes: places of levels, of the bracket, and of the ticks. Pure geometry, in pixels.
import type { Chapter, Level } from '@/run/search'
import { ticks } from '@/charts/scales'

export interface Frame {
  width: number
  left: number
  top: number
  bottom: number
}
export type Look = 'is-good' | 'is-bad' | 'is-rest' | 'is-plain'

export function lookOf(level: Level): Look {
  if (level.phase === 'recover') return 'is-rest'
  // A staircase judges no level.
  if (level.verdict === undefined) return 'is-plain'
  return level.verdict === 'good' ? 'is-good' : 'is-bad'
}

export function timeScale(levels: readonly Level[], frame: Frame): (seconds: number) => number {
  const end = levels.at(-1)?.to || 1
  return (seconds) => frame.left + (seconds / end) * (frame.width - frame.left)
}

/**
 * Where it was decided the scale is stretched: the bracket is a sliver of the whole. Returns the place of a level, and
 * from where the scale is stretched (null where it is not).
 */
export function levelScale(levels: readonly Level[], frame: Frame): { Y: (level: number) => number; knee: number | null; ticks: number[] } {
  const held = levels.filter((level) => level.phase !== 'recover')
  const max = Math.max(1, ...held.map((level) => level.level)) * 1.04
  const close = held.filter((level) => level.phase && level.phase !== 'raise').map((level) => level.level)
  const low = close.length ? Math.min(...close) : 0
  const height = frame.bottom - frame.top
  const even = (level: number) => frame.bottom - (level / max) * height
  if (!close.length || low < max * 0.5) return { Y: even, knee: null, ticks: ticks(max, 5) }
  const knee = roundDown(low - (max - low) * 0.6)
  const place = frame.bottom - height * 0.22
  const Y = (level: number) => (level <= knee ? frame.bottom - (level / knee) * (frame.bottom - place) : place - ((level - knee) / (max - knee)) * (place - frame.top))
  const upper = ticks(max - knee, 4).map((tick) => tick + knee)
  return { Y, knee, ticks: [0, knee / 2, ...upper] }
}

function roundDown(value: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1)
  return Math.floor(value / power) * power
}

export interface Bracket {
  from: number
  to: number
  low: number
  high: number
}

/** The bracket as it closes in; it begins with the first level that broke. */
export function brackets(levels: readonly Level[]): Bracket[] {
  const found: Bracket[] = []
  const end = levels.at(-1)?.to ?? 0
  for (const level of levels) {
    const last = found.at(-1)
    if (level.low === null || level.high === null) {
      if (last) last.to = Math.min(last.to, level.to)
      continue
    }
    if (last && last.low === level.low && last.high === level.high) continue
    if (last) last.to = level.to
    found.push({ from: level.to, to: end, low: level.low, high: level.high })
  }
  return found.filter((bracket) => bracket.to > bracket.from || bracket.to === end)
}

export function edge(list: readonly Bracket[], which: 'low' | 'high', X: (seconds: number) => number, Y: (level: number) => number): string {
  return list.map((each, at) => `${at ? 'L' : 'M'}${X(each.from)} ${Y(each[which])}L${X(each.to)} ${Y(each[which])}`).join('')
}

export function riser(levels: readonly Level[], X: (seconds: number) => number, Y: (level: number) => number): string {
  return levels.map((level, at) => `${at ? 'L' : 'M'}${X(level.from)} ${Y(level.level)}L${X(level.to)} ${Y(level.level)}`).join('')
}

/** What a chapter says: from where to where. */
export function chapterValues(chapter: Chapter): { from: number; to: number; low: number | null; high: number | null; good: boolean } {
  const held = chapter.levels.filter((level) => level.phase !== 'recover')
  const last = chapter.levels.at(-1)
  return { from: held[0]?.level ?? 0, to: held.at(-1)?.level ?? 0, low: last?.low ?? null, high: last?.high ?? null, good: held.every((level) => lookOf(level) === 'is-good') }
}
