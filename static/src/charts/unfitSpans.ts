/** Unfit spans and pauses as they are drawn. One second is narrower than a pixel in a run of an hour, so each has a least width. */

import type { Span, UnfitSpan } from '@/run/fit'

interface DrawnSpan {
  from: number
  to: number
  kind: UnfitSpan['kind']
}
/** More than these would hide, at their full least width, what lies between them. */
const MANY = 40
/** Least width where there are many. */
const THIN = 2

/** In pixels: those that touch are one, so that they are hatched once. `X` places a time, `narrowest` is the least width where there are few. */
export function drawnSpans(spans: readonly UnfitSpan[], X: (time: number) => number, [left, right]: [number, number], narrowest: number): DrawnSpan[] {
  const seen = spans.filter((span) => X(span.to) >= left && X(span.from) <= right)
  const least = seen.length > MANY ? THIN : narrowest
  const found: DrawnSpan[] = []
  for (const span of seen) {
    const middle = (X(span.from) + X(span.to)) / 2
    const half = Math.max(least, X(span.to) - X(span.from)) / 2
    const last = found.at(-1)
    if (last && last.kind === span.kind && middle - half <= last.to) last.to = Math.max(last.to, middle + half)
    else found.push({ from: middle - half, to: middle + half, kind: span.kind })
  }
  return found
}

/** In pixels, each at least so wide, around its middle. */
export function drawnPauses(pauses: readonly Span[], X: (time: number) => number, narrowest: number): Span[] {
  return pauses.map((pause) => {
    const middle = (X(pause.from) + X(pause.to)) / 2
    const half = Math.max(narrowest, X(pause.to) - X(pause.from)) / 2
    return { from: middle - half, to: middle + half }
  })
}
