// Checks as they are typed.
import type { Check } from '@/scene/types'

export type CheckType = 'status' | 'json' | 'regex' | 'contains' | 'header' | 'response_time'

/** A first check of each type. */
export const CHECKS: Readonly<Record<CheckType, Check>> = {
  status: { type: 'status', equals: 200 },
  json: { type: 'json', path: '', exists: true },
  regex: { type: 'regex', pattern: '' },
  contains: { type: 'contains', text: '' },
  header: { type: 'header', name: '' },
  response_time: { type: 'response_time', less_than: 500 },
}

export function statusText(check: Check): string {
  return Array.isArray(check.one_of) ? check.one_of.join(', ') : String(check.equals ?? '')
}

/** One code, or several parted by commas, in a check that keeps its other fields. */
export function statusValue(check: Check, text: string): Check {
  const { equals: _, one_of: __, ...rest } = check
  const codes = text.split(/[,，\s]+/).map(Number).filter((code) => Number.isInteger(code) && code > 0)
  return codes.length === 1 ? { ...rest, equals: codes[0] } : { ...rest, one_of: codes }
}
