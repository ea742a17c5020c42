// Texts in a plan that cannot be read: each belongs to the value at its path.
import { computed, type ComputedRef, type Ref, shallowRef, watch } from 'vue'
import type { PlanBody } from '@/api/planEditing'
import type { ProblemBook } from '@/parts/problemBook'
import { provideUnreadables, type Unreadable, written } from '@/parts/unreadableText'

type Texts = ReadonlyMap<string, Unreadable>

function valueAt(body: unknown, path: string): unknown {
  return path.replaceAll(/\[(\d+)\]/g, '.$1').split('.').reduce<unknown>((node, key) => (node as Record<string, unknown> | null | undefined)?.[key], body)
}

const DATA = 'config.data_config.'

/** The texts of which the value has not been set elsewhere; another data source has other fields. */
export function carriedOver(texts: Texts, body: PlanBody | null, before: PlanBody | null): Texts {
  const moved = body?.config.data_source_type !== before?.config.data_source_type
  const kept = [...texts].filter(([path, { sound }]) => written(valueAt(body, path)) === sound && !(moved && path.startsWith(DATA)))
  return kept.length === texts.size ? texts : new Map(kept)
}

/** Keep the texts of the fields below; return what is wrong with them, by path, and what gives them up. */
export function keepTexts(body: Ref<PlanBody | null>): { unreadable: ComputedRef<ProblemBook>; forget: () => void } {
  const texts = shallowRef<Texts>(new Map())
  watch(body, (next, before) => (texts.value = carriedOver(texts.value, next, before)))
  provideUnreadables({
    at: (path) => texts.value.get(path) ?? null,
    put: (path, text) => {
      const others = [...texts.value].filter(([key]) => key !== path)
      texts.value = new Map(text ? [...others, [path, text]] : others)
    },
  })
  return { unreadable: computed(() => Object.fromEntries([...texts.value].map(([path, { fault }]) => [path, fault]))), forget: () => (texts.value = new Map()) }
}
