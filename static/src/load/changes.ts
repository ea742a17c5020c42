/** What of a config is to be saved: keys that differ from the stored one; null clears a key. */
type Config = Record<string, unknown>

/** Whether two values say the same: a null says as little as a missing key. What both share is not looked into. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a ?? null, b ?? null)) return true
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => same(one, b[i]))
  if (!isObject(a) || !isObject(b)) return false
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => same(a[key], b[key]))
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
  return Object.fromEntries(changed.map((key) => [key, now[key] === undefined ? null : patch(now[key], stored[key])]))
}

/** Objects are merged when they are saved, so null clears what they no longer have. */
function patch(now: unknown, stored: unknown): unknown {
  if (!isObject(now) || !isObject(stored)) return typeof now === 'object' && now !== null ? clean(now) : now
  const gone = Object.keys(stored).filter((key) => (stored[key] ?? null) !== null && (now[key] ?? null) === null)
  const kept = Object.entries(now).filter(([, value]) => (value ?? null) !== null)
  return {
    ...Object.fromEntries(kept.map(([key, value]) => [key, patch(value, stored[key])])),
    ...Object.fromEntries(gone.map((key) => [key, null])),
  }
}

function isObject(value: unknown): value is Config {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
