// What may stand between {{ and }} at the place that is being edited: given by a page, used by its fields.
import { isVariable, type Open, variablesIn } from '@/scene/templates'
import { type ComputedRef, computed, type InjectionKey, inject, provide } from 'vue'

export interface Word {
  /** Between the braces: a variable, or a function such as `$randomInt(1,9)`. */
  name: string
  /** Its value or an example of it. */
  value?: string
  /** Where it comes from. */
  from?: string
}

/** What a function takes at one place; the last may be repeated. */
export interface Argument {
  name: string
  type: 'text' | 'bytes' | 'integer' | 'number' | 'list' | 'any'
  required: boolean
  repeated: boolean
}

export interface FunctionWord {
  title: string
  /** A whole call: `$randomInt(1, 9)`. */
  example: string
  arguments: readonly Argument[]
}

export interface Words {
  list: readonly Word[]
  /** Names that are known; null where unknown ones cannot be told from known. */
  known: ReadonlySet<string> | null
  /** Functions by name: `$randomInt`. */
  functions?: ReadonlyMap<string, FunctionWord>
  /** What is wrong with an expression; null where nothing is, or nothing is known yet. */
  mistake?: (expression: string) => string | null
}

/** Whether a placeholder is to be marked as wrong. */
export function isWrong(expression: string, { known, mistake }: Words): boolean {
  if (known !== null && variablesIn(expression).some((name) => !known.has(name))) return true
  return !isVariable(expression) && (mistake?.(expression) ?? null) !== null
}

const KEY: InjectionKey<ComputedRef<Words>> = Symbol('words')
const NONE = computed<Words>(() => ({ list: [], known: null }))

export function provideWords(words: ComputedRef<Words>): void {
  provide(KEY, words)
}

export function useWords(): ComputedRef<Words> {
  return inject(KEY, NONE)
}

/** The words that fit what is being typed, best first. An argument is not proposed before it is begun, nor where it is a number. */
export function fitting(list: readonly Word[], { typed, call }: Open, most = 12): Word[] {
  if (typed === null || (call && /^(-|\d|$)/.test(typed))) return []
  const wanted = typed.toLowerCase()
  const scored = list.flatMap((word) => {
    const at = word.name.toLowerCase().indexOf(wanted)
    return at < 0 ? [] : [{ word, at }]
  })
  return scored.toSorted((a, b) => a.at - b.at).slice(0, most).map(({ word }) => word)
}
