/** The window that everything on the page is about. Null = the whole run. In links it is seconds from the start. */

import type { Span } from './fit'

const SHORTEST_S = 2

export function parsed(text: string | null | undefined, start: number): Span | null {
  const match = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text ?? '')
  if (!match) return null
  const [from, to] = [Number(match[1]), Number(match[2])]
  return to - from >= SHORTEST_S ? { from: start + from, to: start + to } : null
}

export function written(window: Span | null, start: number): string | undefined {
  return window ? `${Math.max(0, Math.round(window.from - start))}-${Math.round(window.to - start)}` : undefined
}

/** What is in view of a live run that is not looked at closer: all of it, its last seconds, or its first part so far. */
export type Follow = number | 'whole' | null

const ROUND_S = [60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400]
/** So much of the round length may be used before the next one is taken; so much of the whole makes it the whole. */
const USED = 0.9
const NEARLY = 0.75

/** From the start to a round length, so that the first minute of a long run is not a line at the edge. */
export function soFar(whole: Span, now: number): Span {
  const length = ROUND_S.find((each) => now - whole.from <= each * USED) ?? Infinity
  return { from: whole.from, to: length < (whole.to - whole.from) * NEARLY ? whole.from + length : whole.to }
}

/** A window inside the whole, of whole seconds; null where it is the whole. */
export function fitted(window: Span, whole: Span): Span | null {
  const from = Math.max(whole.from, Math.floor(window.from))
  const to = Math.min(whole.to, Math.ceil(window.to))
  if (to - from < SHORTEST_S) return null
  return from <= whole.from && to >= whole.to ? null : { from, to }
}

/** Zoom by a factor (< 1 = closer) around a moment that keeps its place. */
export function zoomed(window: Span, whole: Span, factor: number, around = (window.from + window.to) / 2): Span | null {
  const length = Math.max(SHORTEST_S, (window.to - window.from) * factor)
  const share = (around - window.from) / (window.to - window.from)
  return shifted({ from: around - share * length, to: around + (1 - share) * length }, whole, 0)
}

/** Pan by a share of the window's length, stopping at the ends. */
export function panned(window: Span, whole: Span, share: number): Span | null {
  return shifted(window, whole, (window.to - window.from) * share)
}

function shifted(window: Span, whole: Span, by: number): Span | null {
  const low = whole.from - window.from
  const high = whole.to - window.to
  const kept = low <= high ? Math.min(Math.max(by, low), high) : by
  return fitted({ from: window.from + kept, to: window.to + kept }, whole)
}
