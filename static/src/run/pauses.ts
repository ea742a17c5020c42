/** The pauses of a run: from the seconds that ended in one; one within a second from the event that ended it. */

import { overlaps, type Span } from './fit'
import type { RunEvent, Second } from './frames'

export class Pauses {
  /** All of them, in order. */
  all: readonly Span[] = []
  private measured: Span[] = []
  private brief: Span[] = []

  /** Begin with those that the service knows. */
  begin(known: readonly Span[]): void {
    this.measured = known.map((span) => ({ ...span }))
    this.join()
  }

  /** The part of a second in which the load did not go on belongs to a pause that begins or ends in it. */
  second(time: number, { paused, width }: Pick<Second, 'paused' | 'width'>, ran: number): void {
    const idle = tenths(Math.min(width, Math.max(0, width - ran)))
    const last = this.measured.at(-1)
    if (last && last.to > time) return
    if (last?.to === time) last.to = tenths(time + (paused ? width : idle))
    else if (paused) this.measured.push({ from: tenths(time + width - idle), to: time + width })
    else return
    this.join()
  }

  event({ event, start, seconds }: Pick<RunEvent, 'event' | 'start' | 'seconds'>): void {
    if (event !== 'resume' || start === undefined || seconds === undefined) return
    const end = start + seconds
    if (Math.floor(start) !== Math.floor(end)) return
    this.brief.push({ from: start, to: end })
    this.join()
  }

  private join(): void {
    const more = this.brief.filter((span) => !overlaps(this.measured, span.from, span.to))
    this.all = [...this.measured, ...more].toSorted((a, b) => a.from - b.from)
  }
}

function tenths(seconds: number): number {
  return Math.round(seconds * 10) / 10
}
