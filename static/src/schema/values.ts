/** Values of a form: what is empty, what is at its default, and a value to begin with. */
import type { Field } from './types'

export type Values = Record<string, unknown>

export function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

/** Whether a field says nothing beside what it would do anyway. */
export function isDefault(field: Field, value: unknown): boolean {
  if (isEmpty(value) || JSON.stringify(value) === '{}' || JSON.stringify(value) === '[]') return true
  return JSON.stringify(value) === JSON.stringify(field.fallback)
}

/** The values with one changed; what is empty is left out, so that the server's default holds. */
export function withValue(values: Values, key: string, value: unknown): Values {
  if (value === undefined) {
    const { [key]: _, ...rest } = values
    return rest
  }
  return { ...values, [key]: value }
}

/** Whether a field has names with objects, each a form of its own. */
export function ofObjects({ kind, item }: Field): boolean {
  return kind === 'map' && (item?.kind === 'object' || item?.kind === 'union')
}

/** A first value of a field that is being filled in. */
export function first(field: Field): unknown {
  if (field.fallback !== undefined && field.fallback !== null) return structuredClone(field.fallback)
  if (field.kind === 'object') return firstRequired(field.fields ?? [])
  if (field.kind === 'list') return []
  if (field.kind === 'map') return {}
  if (field.kind === 'switch') return false
  if (field.kind === 'choice') return field.choices?.[0]?.value
  if (field.kind === 'number') return field.min ?? 0
  if (field.kind === 'json') return {}
  if (field.kind === 'union') return firstVariant(field, field.variants?.[0]?.value)
  return ''
}

export function firstVariant(field: Field, value: string | undefined): Values {
  const chosen = field.variants?.find((one) => one.value === value)
  return { [field.discriminator ?? 'type']: value, ...firstRequired(chosen?.field.fields ?? []) }
}

/** First values of what must be filled in. */
export function firstRequired(fields: readonly Field[]): Values {
  return Object.fromEntries(fields.filter((field) => field.required).map((field) => [field.key, first(field)]))
}

/** Problems by path, for the field at `path` and what is in it. */
export type Problems = Readonly<Record<string, string>>

/** Whether the field or anything in it has a problem. */
export function hasProblem(problems: Problems, path: string): boolean {
  return Object.keys(problems).some((key) => key === path || key.startsWith(`${path}.`) || key.startsWith(`${path}[`))
}

/** A mistake that the field's own rules tell at once. */
export type Mistake = 'required' | 'number' | 'whole' | 'low' | 'high' | 'long' | 'pattern'

export function mistakeIn(field: Field, value: unknown): Mistake | null {
  if (isEmpty(value)) return field.required && field.kind !== 'json' ? 'required' : null
  if (field.kind === 'number') return numberMistake(field, value)
  if (typeof value !== 'string') return null
  if (field.longest !== undefined && value.length > field.longest) return 'long'
  const literal = !value.includes('{{')
  return field.pattern !== undefined && literal && !matches(field.pattern, value) ? 'pattern' : null
}

function numberMistake(field: Field, value: unknown): Mistake | null {
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'number'
  if (field.integer && !Number.isInteger(value)) return 'whole'
  if (field.min !== undefined && value < field.min) return 'low'
  return field.max !== undefined && value > field.max ? 'high' : null
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value)
  } catch {
    return true
  }
}

/** Any value as a line of text: a string without quotes, unless it reads as another value. */
export function asText(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value) ?? ''
  return typeof asValue(value) === 'string' ? value : JSON.stringify(value)
}

export function asValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
