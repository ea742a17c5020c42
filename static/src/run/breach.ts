/** Which figures of a level miss a limit: that of the search, and those of thresholds about all requests. */

import { holds, parseThreshold, type Threshold } from '@/load/thresholds'
import type { LevelRow } from './frames'

export type LevelFigure = 'error_rate' | 'rps' | 'avg' | 'p50' | 'p95' | 'p99'
const FIGURES: ReadonlySet<string> = new Set<LevelFigure>(['error_rate', 'rps', 'avg', 'p50', 'p95', 'p99'])

/** Limits by which levels can be judged, from the lines of thresholds and the error rate, in percent, of a search. */
export function limitsOf(lines: readonly string[], errors: number | null | undefined): Threshold[] {
  const rules = lines.map(parseThreshold).filter((rule): rule is Threshold => rule !== null && rule.step === null && FIGURES.has(rule.metric))
  return errors === null || errors === undefined ? rules : [...rules, { metric: 'error_rate', step: null, operator: '<=', limit: errors, window: null }]
}

/** Of a level without replies nothing is known. */
export function breaches(row: LevelRow, limits: readonly Threshold[]): ReadonlySet<LevelFigure> {
  const missed = limits.filter(({ metric, ...rule }) => {
    const value = row[metric as LevelFigure]
    return row.requests > 0 && value !== null && !holds({ metric, ...rule }, value)
  })
  return new Set(missed.map(({ metric }) => metric as LevelFigure))
}
