/** Spans of time as people write them: `2:00`, `1:30:00`, `90`, `90s`, `500ms`, `5m`, `1h 30m`. */

const UNITS: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 }

/** Seconds, or null where the text is no span. */
export function parseSpan(text: string): number | null {
  const plain = text.trim().toLowerCase()
  if (/^\d+(\.\d+)?$/.test(plain)) return Number(plain)
  if (/^\d+(:\d{1,2}){1,2}$/.test(plain)) return plain.split(':').reduce((all, part) => all * 60 + Number(part), 0)
  if (!/^(\d+(\.\d+)?\s*(ms|[smhd])\s*)+$/.test(plain)) return null
  return [...plain.matchAll(/(\d+(?:\.\d+)?)\s*(ms|[smhd])/g)].reduce(
    (all, [, count, unit]) => all + Number(count) * UNITS[unit!]!,
    0,
  )
}

/** `1:05`, `1:00:05`; a fraction of a second stays. */
export function clock(seconds: number): string {
  const rest = Math.round((seconds % 60) * 10) / 10
  const minutes = Math.floor(seconds / 60)
  const tail = (rest < 10 ? '0' : '') + String(rest)
  if (minutes < 60) return `${minutes}:${tail}`
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${tail}`
}
