// How a kind of extractor or check is called, and which of its fields stand on its line.
import type { Kind } from '@/api/sceneSchemas'
import { language, t, type Key } from '@/i18n'
import { fieldsOf } from '@/schema/describe'
import type { Field, FieldKind, JsonSchema } from '@/schema/types'

const EXTRACTORS = new Set(['json', 'regex', 'boundary', 'header', 'status', 'body', 'css', 'xpath', 'jmespath', 'cookie'])
const CHECKS = new Set(['status', 'json', 'jsonschema', 'regex', 'contains', 'header', 'response_time', 'css', 'xpath', 'jmespath', 'size'])

export function extractorLabel(value: string): string {
  return EXTRACTORS.has(value) ? t(`scenes.source.${value}` as Key) : value
}
export function checkLabel(value: string): string {
  return CHECKS.has(value) ? t(`scenes.check.${value}` as Key) : value
}

/** Kinds of fields that fit into a line. */
const LINES: ReadonlySet<FieldKind> = new Set(['text', 'number', 'value'])

/** What must be filled in stands on the line; the rest is folded away. */
export function lineFields(kind: Kind | undefined, without: readonly string[]): Field[] {
  return fieldsOf(kind?.schema ?? null, language.value).filter((field) => field.required && LINES.has(field.kind) && !without.includes(field.key))
}

/** Whether what is folded away must be looked at: the line has no field of its own, or lacks one that must be filled in. */
export function needsMore(kind: Kind | undefined, line: boolean): boolean {
  const fields = fieldsOf(kind?.schema ?? null, language.value)
  return fields.length > 0 && (!line || fields.some((field) => field.required && !LINES.has(field.kind)))
}

export function hasMore(kind: Kind | undefined, without: readonly string[]): boolean {
  return fieldsOf(kind?.schema ?? null, language.value).some((field) => !without.includes(field.key))
}

/** The values of one kind taken over to another, as far as that knows them. */
export function carried(values: Record<string, unknown>, schema: JsonSchema | undefined, keep: readonly string[]): Record<string, unknown> {
  const known = new Set(Object.keys(schema?.properties ?? {}))
  return Object.fromEntries(Object.entries(values).filter(([key]) => known.has(key) && keep.includes(key)))
}
