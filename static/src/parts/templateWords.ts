// Words of templates outside of scenes: variables that the page knows, and what is built in.
import { computed } from 'vue'
import { mistakeIn, useVocabulary, type VocabularyWord } from '@/api/vocabulary'
import { language } from '@/i18n'
import { type FunctionWord, provideWords, type Word } from './words'

type Named = VocabularyWord & { called: string }

/** The functions of a vocabulary by name. */
export function functionsOf(words: readonly Named[]): Map<string, FunctionWord> {
  const found = words.filter((word) => word.arguments.length)
  return new Map(found.map((word) => [word.called, { title: word[language.value], example: word.name, arguments: word.arguments }]))
}

/** Offer these variables and everything built in to the fields below. Others may be known where a run takes place. */
export function useTemplateWords(variables: () => readonly Word[]): void {
  const vocabulary = useVocabulary()
  const builtIn = computed(() => vocabulary.data.value ?? [])
  provideWords(computed(() => ({
    list: [...variables(), ...builtIn.value.map((word) => ({ name: word.name, value: word.example, from: word[language.value] }))],
    functions: functionsOf(builtIn.value),
    mistake: mistakeIn,
    known: null,
  })))
}
