// The kinds of extractors and checks that this service knows, each with the JSON Schema of its fields.
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
    return schema && typeof value === 'string' ? [{ value, schema: { ...schema, $defs: whole.$defs ?? {} } }] : []
  })
}

/** Kinds of `extractor` (told apart by `from`) or `check` (by `type`). */
export function useKinds(name: 'extractor' | 'check') {
  const query = useQuery({
    queryKey: ['schema', name],
    queryFn: () => raw<JsonSchema>('GET', `/api/schemas/${name}/`) as Promise<JsonSchema>,
    staleTime: Number.POSITIVE_INFINITY,
  })
  return computed(() => (query.data.value ? kindsOf(query.data.value, name === 'extractor' ? 'from' : 'type') : []))
}
