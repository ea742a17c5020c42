/** What happened to a run, as marks on its time axis. Words are given by key and parameters; pages translate them. */

import type { Span } from './fit'
import type { RunEvent, Variable } from './frames'

type MarkKind = 'warmUp' | 'pause' | 'load' | 'auto' | 'node' | 'threshold' | 'validity' | 'stop'

export interface Mark {
  at: number
  /** Where it is about a time. */
  to?: number
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
  return [...marks, ...pauseMarks(events, pauses)].toSorted((a, b) => a.at - b.at)
}

/** Events say who paused and for how long; when exactly say the pauses. */
function pauseMarks(events: readonly RunEvent[], pauses: readonly Span[]): Mark[] {
  const rest = [...pauses]
  const told = events.flatMap((event, place): Mark[] => {
    if (event.event !== 'pause') return []
    const resumed = events.slice(place).find((later) => later.event === 'resume')
    const own = rest.findIndex((pause) => Math.abs(pause.from - event.timestamp) <= 2)
    const [pause] = own < 0 ? [] : rest.splice(own, 1)
    return [{ at: pause?.from ?? event.timestamp, kind: 'pause', tone: 'plain', by: event.by, seconds: resumed && (resumed.seconds ?? (pause && pause.to - pause.from)) }]
  })
  return [...told, ...rest.map((pause): Mark => ({ at: pause.from, kind: 'pause', tone: 'plain', seconds: pause.to - pause.from }))]
}

/** Breaches of thresholds that a report knows and no event told. */
export function breachMarks(outcomes: readonly { expression: string; breached_at: number | null }[], known: readonly Mark[]): Mark[] {
  const told = new Set(known.filter((mark) => mark.kind === 'threshold').map((mark) => mark.expression))
  return outcomes
    .filter((outcome) => outcome.breached_at !== null && !told.has(outcome.expression))
    .map((outcome) => ({ at: outcome.breached_at!, kind: 'threshold', tone: 'bad', expression: outcome.expression, state: 'breached' }))
}

/** Thresholds over the whole run may mend: those that hold after all were not held for a while only. */
export function mended(marks: readonly Mark[], held: ReadonlySet<string>): Mark[] {
  return marks.map((mark) => (mark.kind === 'threshold' && held.has(mark.expression ?? '') ? { ...mark, tone: 'plain', state: 'mended' } : mark))
}

/** The first seconds, which are in no figure. */
export function warmUpMark(warmUp: Span | null): Mark[] {
  return warmUp ? [{ at: warmUp.from, to: warmUp.to, kind: 'warmUp', tone: 'plain', seconds: Math.round(warmUp.to - warmUp.from) }] : []
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
