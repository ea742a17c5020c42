/** A searching test mode as a story: levels in order, and the bracket in which the answer lies after each. */

import type { LevelRow, Mode, N, Search, TraceRow, Variable } from './frames'

export interface Level extends LevelRow {
  from: number
  to: number
  /** Highest good and lowest bad level known when this one ended. */
  low: N
  high: N
}
export interface Chapter {
  phase: string
  from: number
  to: number
  levels: Level[]
}
const CHAPTER: Record<string, string> = { confirm: 'confirm', recheck: 'confirm', bisect: 'bisect', raise: 'raise' }

export class SearchStory {
  mode: Mode | null = null
  variable: Variable = 'vus'
  rows: LevelRow[] = []
  trace: TraceRow[] = []
  /** How often an adaptive load was moved; null where the report does not say. */
  moves: number | null = 0
  found: Omit<Search, 'evidence'> | null = null

  begin(search: Search | null, mode: Mode): void {
    this.mode = mode
    if (!search) return
    const { evidence, ...found } = search
    this.found = found
    this.moves = search.moves ?? null
    this.variable = search.variable
    this.rows = evidence.filter((row): row is LevelRow => 'requests' in row && row.verdict !== 'unfinished')
    this.trace = evidence.filter((row): row is TraceRow => 'measured' in row)
  }

  take(row: LevelRow | TraceRow, bracket: { low: N; high: N; value: N }, complete: boolean): void {
    if ('measured' in row) this.traced(row)
    else this.rows.push(row)
    this.found = { variable: this.variable, recovered: null, ...this.found, ...bracket, complete }
  }

  private traced(row: TraceRow): void {
    this.trace.push(row)
    if (this.moves !== null && row.next !== null) this.moves++
  }

  /** Levels laid end to end. A level that a better look refuted no longer bounds the bracket. */
  levels(): Level[] {
    let at = 0
    const goods = new Map<number, boolean>()
    return this.rows.map((row) => {
      const from = at
      at += row.seconds
      note(goods, row)
      return { ...row, from, to: at, ...bracketOf(goods) }
    })
  }

  chapters(): Chapter[] {
    const chapters: Chapter[] = []
    for (const level of this.levels()) {
      const phase = CHAPTER[level.phase ?? 'raise'] ?? chapters.at(-1)?.phase ?? 'raise'
      const last = chapters.at(-1)
      if (last && last.phase === phase) {
        last.levels.push(level)
        last.to = level.to
      } else chapters.push({ phase, from: level.from, to: level.to, levels: [level] })
    }
    return chapters
  }

  /** Seconds at rest after a bad level until the target was good again: [level that broke it, seconds, recovered]. */
  recoveries(): { level: number; seconds: number; recovered: boolean }[] {
    const found: { level: number; seconds: number; recovered: boolean }[] = []
    let broke: number | null = null
    for (const row of this.rows) {
      if (row.phase !== 'recover') broke = row.verdict === 'good' ? null : row.level
      else if (broke !== null) found.push({ level: broke, seconds: row.seconds, recovered: row.verdict === 'good' })
    }
    return found
  }
}

function note(seen: Map<number, boolean>, row: LevelRow): void {
  if (row.phase === 'recover' || !row.verdict || row.verdict === 'empty') return
  const good = row.verdict === 'good'
  for (const [level, was] of seen) if (good ? !was && level <= row.level : was && level >= row.level) seen.delete(level)
  seen.set(row.level, good)
}

function bracketOf(seen: Map<number, boolean>): { low: N; high: N } {
  const goods = [...seen].filter(([, good]) => good).map(([level]) => level)
  const bads = [...seen].filter(([, good]) => !good).map(([level]) => level)
  return { low: goods.length ? Math.max(...goods) : null, high: bads.length ? Math.min(...bads) : null }
}
