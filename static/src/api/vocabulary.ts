// What may stand between {{ and }} beside variables, with an example of each; and what is wrong with what stands there.
import { useQuery } from '@tanstack/vue-query'
import { useDebounceFn } from '@vueuse/core'
import { shallowReactive } from 'vue'
import { language } from '@/i18n'
import type { Argument } from '@/parts/words'
import { api, ask, type Schemas } from './client'
import { raw } from './raw'

export interface VocabularyWord {
  name: string
  insert: string
  example: string
  zh: string
  en: string
  arguments: Argument[]
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
      return [...variables, ...functions, ...faker].map((word) => ({ ...word, called: word.name, name: word.insert.slice(2, -2) }))
    },
    staleTime: Number.POSITIVE_INFINITY,
  })
}

const RESTS_MS = 150
/** As many as the service looks at in one go, and of what length. */
const MOST = 200
const LONGEST = 4000
const REMEMBERED = 2000

/** What the service said of an expression. It says the same whenever it is asked. */
const said = shallowReactive(new Map<string, Schemas['Mistake'] | null>())
const waiting = new Set<string>()

async function inquire(): Promise<void> {
  const expressions = [...waiting].slice(0, MOST)
  for (const one of expressions) waiting.delete(one)
  if (said.size > REMEMBERED) said.clear()
  // Where the service cannot be asked, nothing is marked: saving says what is wrong.
  const found = await ask(api.POST('/api/vocabulary/check/', { body: { expressions } })).catch(() => null)
  expressions.forEach((one, i) => said.set(one, found?.mistakes[i] ?? null))
  if (waiting.size) await inquire()
}
const inquireSoon = useDebounceFn(inquire, RESTS_MS)

/** What is wrong with an expression, in the words of saving it; null where nothing is, and until the service has looked. */
export function mistakeIn(expression: string): string | null {
  const known = said.get(expression)
  if (known !== undefined) return known && known[language.value]
  if (expression.length <= LONGEST && !waiting.has(expression)) {
    waiting.add(expression)
    void inquireSoon()
  }
  return null
}
