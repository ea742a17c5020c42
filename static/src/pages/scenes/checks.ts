// Checks as they are typed.
import type { Check } from '@/scene/types'

export type CheckType = 'status' | 'json' | 'regex' | 'contains' | 'header' | 'response_time'

/** A first check of each type. */
export const CHECKS: Readonly<Record<CheckType, Check>> = {
  status: { type: 'status', equals: 200 },
  json: { type: 'json', path: '$.', exists: true },
  regex: { type: 'regex', pattern: '' },
  contains: { type: 'contains', text: '' },
  header: { type: 'header', name: '' },
  response_time: { type: 'response_time', less_than: 500 },
}

export function statusText(check: Check): string {
  return Array.isArray(check.one_of) ? check.one_of.join(', ') : String(check.equals ?? '')
}

/** One code, or several parted by commas. */
export function statusValue(text: string): Check {
  const codes = text.split(/[,，\s]+/).map(Number).filter((code) => Number.isInteger(code) && code > 0)
  return codes.length === 1 ? { type: 'status', equals: codes[0] } : { type: 'status', one_of: codes }
}

/** An expected JSON value as text: a string without quotes, unless it reads as another value. */
export function equalsText(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value) ?? ''
  return typeof parsedEquals(value) === 'string' ? value : JSON.stringify(value)
}

export function parsedEquals(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
