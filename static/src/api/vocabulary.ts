// What may stand between {{ and }} beside variables, with an example of each.
import { useQuery } from '@tanstack/vue-query'
import { raw } from './raw'

export interface VocabularyWord {
  name: string
  insert: string
  example: string
  zh: string
  en: string
}

interface Vocabulary {
  variables: VocabularyWord[]
  functions: VocabularyWord[]
  faker: VocabularyWord[]
}

/** Every word, in the order in which it is offered; named as it stands between the braces. */
export function useVocabulary() {
  return useQuery({
    queryKey: ['vocabulary'],
    queryFn: async () => {
      const { variables, functions, faker } = (await raw<Vocabulary>('GET', '/api/vocabulary/'))!
      return [...variables, ...functions, ...faker].map((word) => ({ ...word, name: word.insert.slice(2, -2) }))
    },
    staleTime: Number.POSITIVE_INFINITY,
  })
}
