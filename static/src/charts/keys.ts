/** Keys that move along the points of a chart. */

const BY: Record<string, number> = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: -10, PageDown: 10 }

/** The point that a key leads to from the one in focus, or from the middle where none is; null for other keys. */
export function stepped(key: string, from: number | null, last: number): number | null {
  if (last < 0) return null
  if (key === 'Home') return 0
  if (key === 'End') return last
  const by = BY[key]
  if (by === undefined) return null
  return from === null ? last >> 1 : Math.max(0, Math.min(last, from + by))
}
