// What is being edited and not saved yet: kept in this browser until it is saved or discarded.
import { computed, ref, shallowRef, watch } from 'vue'
import { clean } from '@/load/changes'

interface Kept<T> {
  body: T
  /** `updated_at` of what the changes were made to. */
  since: string | null
  at: string
}

export interface Loaded<T> {
  body: T
  since: string | null
}

const text = (value: unknown) => JSON.stringify(clean(value))

export function useDraft<T>(key: () => string) {
  const stored = shallowRef<Loaded<T> | null>(null)
  const body = shallowRef<T | null>(null)
  /** When the changes that were found in the browser were made; null where there were none. */
  const restored = ref<string | null>(null)
  /** `updated_at` of what the changes are made to. */
  const since = ref<string | null>(null)
  const dirty = computed(() => body.value !== null && text(body.value) !== text(stored.value?.body))

  function kept(): Kept<T> | null {
    try {
      return JSON.parse(localStorage.getItem(key()) ?? 'null') as Kept<T> | null
    } catch {
      return null
    }
  }

  /** What the service has was read. Changes kept in the browser come back on top of it. */
  function load(loaded: Loaded<T>): void {
    stored.value = loaded
    if (body.value !== null && dirty.value) return
    const draft = kept()
    const found = draft !== null && text(draft.body) !== text(loaded.body)
    body.value = found ? draft.body : loaded.body
    since.value = found ? draft.since : loaded.since
    restored.value = found ? draft.at : null
  }

  function forget(): void {
    localStorage.removeItem(key())
    restored.value = null
  }

  function discard(): void {
    forget()
    body.value = stored.value?.body ?? null
    since.value = stored.value?.since ?? null
  }

  /** What was edited is now what the service has. */
  function saved(loaded: Loaded<T>): void {
    forget()
    stored.value = loaded
    body.value = loaded.body
    since.value = loaded.since
  }

  watch([body, dirty], () => {
    if (body.value === null) return
    if (!dirty.value) return localStorage.removeItem(key())
    const draft: Kept<T> = { body: body.value, since: since.value, at: new Date().toISOString() }
    localStorage.setItem(key(), JSON.stringify(draft))
  })

  return { body, stored, dirty, restored, since, load, discard, saved, forget }
}
