/** What happened to a run, as marks on its time axis. Words are given by key and parameters; pages translate them. */

import type { Span } from './fit'
import type { RunEvent, Variable } from './frames'

export type MarkKind = 'pause' | 'load' | 'auto' | 'node' | 'threshold' | 'validity' | 'stop'

export interface Mark {
  at: number
  kind: MarkKind
  tone: 'plain' | 'hand' | 'bad'
  by?: string
  level?: number
  variable?: Variable
  seconds?: number
  node?: string
  change?: string
  expression?: string
  state?: string
  reason?: { zh: string; en: string }
}
export const CONTROLLER = 'controller'

export function marksOf(events: readonly RunEvent[], pauses: readonly Span[], controlled: boolean): Mark[] {
  const marks = events.map(markOf).filter((mark): mark is Mark => mark !== null && !(controlled && mark.kind === 'auto'))
  const paused = pauses.map((pause): Mark => ({ at: pause.from, kind: 'pause', tone: 'plain', seconds: pause.to - pause.from, by: byOf(events, pause) }))
  return [...marks, ...paused].toSorted((a, b) => a.at - b.at)
}

/** Breaches of thresholds that a report knows and no event told. */
export function breachMarks(outcomes: readonly { expression: string; breached_at: number | null }[], known: readonly Mark[]): Mark[] {
  const told = new Set(known.filter((mark) => mark.kind === 'threshold').map((mark) => mark.expression))
  return outcomes
    .filter((outcome) => outcome.breached_at !== null && !told.has(outcome.expression))
    .map((outcome) => ({ at: outcome.breached_at!, kind: 'threshold', tone: 'bad', expression: outcome.expression, state: 'breached' }))
}

function markOf(event: RunEvent): Mark | null {
  const at = event.timestamp
  switch (event.event) {
    case 'load': {
      const auto = event.by === CONTROLLER
      return { at, kind: auto ? 'auto' : 'load', tone: auto ? 'plain' : 'hand', by: event.by, level: event.level, variable: event.variable }
    }
    case 'node':
      return { at, kind: 'node', tone: event.kind === 'lost' ? 'bad' : 'plain', node: event.node, change: event.kind, reason: event.reason }
    case 'threshold':
      return event.state === 'breached' ? { at, kind: 'threshold', tone: 'bad', expression: event.expression, state: event.state } : null
    case 'validity':
      return event.state === 'VALID' ? null : { at, kind: 'validity', tone: 'bad', state: event.state, reason: event.causes?.[0] }
    case 'stop':
      return { at, kind: 'stop', tone: 'hand', by: event.by }
    default:
      return null
  }
}

function byOf(events: readonly RunEvent[], pause: Span): string | undefined {
  return events.find((event) => event.event === 'pause' && Math.abs(event.timestamp - pause.from) <= 1)?.by
}
