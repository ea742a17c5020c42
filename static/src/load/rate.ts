/** Rates as people write them, per second, minute or hour: `200`, `200/s`, `12000/min`, `7200/h`. */

const SECONDS: Record<string, number> = { s: 1, m: 60, min: 60, h: 3600 }

/** Per second; null where nothing is written, NaN where it is no rate. */
export function parseRate(text: string): number | null {
  const plain = text.replaceAll(/[,，\s]/g, '').toLowerCase()
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\/(s|m|min|h)$/.exec(plain) ?? []
  if (unit) return Number(amount) / SECONDS[unit]!
  return plain === '' ? null : Number(plain)
}
