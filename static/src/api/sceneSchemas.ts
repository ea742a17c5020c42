// The kinds of steps, extractors and checks that this service knows, each with the JSON Schema of its fields.
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import type { JsonSchema } from '@/schema/types'
import { raw } from './raw'

export interface Kind {
  value: string
  schema: JsonSchema
}

function kindsOf(whole: JsonSchema, key: string): Kind[] {
  return (whole.oneOf ?? []).flatMap((one) => {
    const schema = one.$ref ? whole.$defs?.[one.$ref.split('/').at(-1)!] : one
    const value = schema?.properties?.[key]?.const
    return schema && typeof value === 'string' ? [{ value, schema: { ...schema, properties: inLines(schema.properties ?? {}), $defs: whole.$defs ?? {} } }] : []
  })
}

/** A value of any type is a line of text here: words are strings, and what reads as JSON is JSON. */
function inLines(properties: Record<string, JsonSchema>): Record<string, JsonSchema> {
  const open = (one: JsonSchema) => !('type' in one || 'anyOf' in one || 'oneOf' in one || '$ref' in one || 'enum' in one || 'const' in one)
  return Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, open(one) ? { ...one, 'x-line': true } : one]))
}

/** Kinds of `extractor` (told apart by `from`), `check` or `step` (by `type`). */
export function useKinds(name: 'extractor' | 'check' | 'step') {
  const query = useQuery({
    queryKey: ['schema', name],
    queryFn: () => raw<JsonSchema>('GET', `/api/schemas/${name}/`) as Promise<JsonSchema>,
    staleTime: Number.POSITIVE_INFINITY,
  })
  return computed(() => (query.data.value ? kindsOf(query.data.value, name === 'extractor' ? 'from' : 'type') : []))
}
