// What may stand between {{ and }} at the place that is being edited: given by a page, used by its fields.
import { type ComputedRef, computed, type InjectionKey, inject, provide } from 'vue'

export interface Word {
  /** Between the braces: a variable, or a function such as `$randomInt(1,9)`. */
  name: string
  /** Its value or an example of it. */
  value?: string
  /** Where it comes from. */
  from?: string
}

export interface Words {
  list: readonly Word[]
  /** Names that are known; null where unknown ones cannot be told from known. */
  known: ReadonlySet<string> | null
}

const KEY: InjectionKey<ComputedRef<Words>> = Symbol('words')
const NONE = computed<Words>(() => ({ list: [], known: null }))

export function provideWords(words: ComputedRef<Words>): void {
  provide(KEY, words)
}

export function useWords(): ComputedRef<Words> {
  return inject(KEY, NONE)
}

/** The words that fit what was typed, best first. */
export function fitting(list: readonly Word[], typed: string, most = 12): Word[] {
  const wanted = typed.toLowerCase()
  const scored = list.flatMap((word) => {
    const at = word.name.toLowerCase().indexOf(wanted)
    return at < 0 ? [] : [{ word, at }]
  })
  return scored.toSorted((a, b) => a.at - b.at).slice(0, most).map(({ word }) => word)
}
