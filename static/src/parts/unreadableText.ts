// Texts of fields that cannot be read. A page keeps them while its fields come and go, and saves nothing meanwhile.
import { computed, type ComputedRef, type InjectionKey, inject, provide, shallowRef } from 'vue'

export interface Unreadable {
  text: string
  /** What is wrong with it. */
  fault: string
  /** The last value that could be read, as text: it stays the value of the field. */
  sound: string
}

interface Unreadables {
  at: (path: string) => Unreadable | null
  put: (path: string, text: Unreadable | null) => void
}

const KEY: InjectionKey<Unreadables> = Symbol('unreadable')

export function provideUnreadables(texts: Unreadables): void {
  provide(KEY, texts)
}

/** Those of the page; where it keeps none, of the field alone. */
export function useUnreadables(): Unreadables {
  return inject(KEY, alone, true)
}

function alone(): Unreadables {
  const texts = shallowRef<ReadonlyMap<string, Unreadable>>(new Map())
  return {
    at: (path) => texts.value.get(path) ?? null,
    put: (path, text) => (texts.value = text ? new Map(texts.value).set(path, text) : new Map([...texts.value].filter(([key]) => key !== path))),
  }
}

/** The text of one field that cannot be read, if it has one. */
export function useUnreadable(path: () => string): { now: ComputedRef<Unreadable | null>; put: (text: Unreadable | null) => void } {
  const texts = useUnreadables()
  return { now: computed(() => texts.at(path())), put: (text) => texts.put(path(), text) }
}

/** A value as the text that its field begins with. */
export const written = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value, null, 2))
