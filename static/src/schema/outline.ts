/** The fields of a schema as rows to read: where, of what kind, whether needed, default, what they are for. */
import { t } from '@/i18n'
import { num } from '@/i18n/format'
import type { Field } from './types'

export interface OutlineRow {
  /** As in a document: `tls.verify`, `columns.*`, `headers[]`, `auth(basic).username`. */
  path: string
  label: string
  kind: string
  required: boolean
  fallback: string
  help: string
  example: string
}

const DEEPEST = 5

export function outline(fields: readonly Field[], above = '', depth = 0): OutlineRow[] {
  return fields.flatMap((field) => [rowOf(field, above + field.key), ...below(field, above + field.key, depth + 1)])
}

function below(field: Field, path: string, depth: number): OutlineRow[] {
  if (depth > DEEPEST) return []
  if (field.kind === 'union') return (field.variants ?? []).flatMap((one) => outline(one.field.fields ?? [], `${path}(${one.value}).`, depth))
  if (field.item) return below(field.item, field.kind === 'list' ? `${path}[]` : `${path}.*`, depth)
  return outline(field.fields ?? [], `${path}.`, depth)
}

function rowOf(field: Field, path: string): OutlineRow {
  const { fallback, help, required, example } = field
  const label = field.label === field.key ? '' : field.label
  const same = example === '' || fallback === example || String(fallback) === example
  return { path, label, kind: kindOf(field), required, fallback: written(fallback), help, example: same ? '' : example }
}

/** What may stand there, in words. */
export function kindOf(field: Field): string {
  switch (field.kind) {
    case 'number':
      return `${t(field.integer ? 'schema.of.integer' : 'schema.of.number')}${limits(field)}`
    case 'choice':
      return t('schema.of.choice', { values: (field.choices ?? []).map(({ value }) => String(value)).join(', ') })
    case 'union':
      return t('schema.of.union', { values: (field.variants ?? []).map(({ value }) => value).join(', ') })
    case 'list':
    case 'map':
      return t(`schema.of.${field.kind}`, { item: field.item ? kindOf(field.item) : '' })
    case 'text':
    case 'long':
      return t(field.template ? 'schema.of.template' : 'schema.of.text')
    default:
      return t(`schema.of.${field.kind}`)
  }
}

function limits({ min, max }: Field): string {
  if (min === undefined && max === undefined) return ''
  if (max === undefined) return ` ≥ ${num(min!)}`
  return min === undefined ? ` ≤ ${num(max)}` : ` ${num(min)}–${num(max)}`
}

function written(value: unknown): string {
  if (value === undefined || value === null || value === '') return ''
  if (typeof value === 'object' && Object.keys(value).length === 0) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
