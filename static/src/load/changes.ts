/** What of a config is to be saved: keys that differ from the stored one; null clears a key. */
type Config = Record<string, unknown>

function same(a: unknown, b: unknown): boolean {
  return (a ?? null) === (b ?? null) || JSON.stringify(clean(a)) === JSON.stringify(clean(b))
}

/** A value without the nulls in it, keys in order, so that equal things have one text. */
export function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(clean)
  if (typeof value !== 'object' || value === null) return value ?? null
  const entries = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined)
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, clean(inner)]))
}

export function changedKeys(now: Config, stored: Config): Config {
  const keys = new Set([...Object.keys(now), ...Object.keys(stored)])
  const changed = [...keys].filter((key) => !same(now[key], stored[key]))
  return Object.fromEntries(changed.map((key) => [key, now[key] === undefined ? null : deepNonNull(now[key])]))
}

/** Nulls within a value mean the same as leaving them out. */
function deepNonNull(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? clean(value) : value
}
