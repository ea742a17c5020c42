// What is being edited and not saved yet: kept in this browser until it is saved or discarded.
import { useEventListener } from '@vueuse/core'
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { same } from '@/load/changes'

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

const REST_MS = 300


/** Writes what is kept after a rest, so that a large scene is not written for every letter; nothing is lost at the end. */
function useLater<T>() {
  let waiting: { key: string; draft: Kept<T> | null } | null = null
  let timer = 0
  function write(): void {
    clearTimeout(timer)
    if (waiting?.draft) localStorage.setItem(waiting.key, JSON.stringify(waiting.draft))
    else if (waiting) localStorage.removeItem(waiting.key)
    waiting = null
  }
  useEventListener(window, 'pagehide', write)
  onScopeDispose(write)
  return {
    keep(key: string, draft: Kept<T> | null): void {
      waiting = { key, draft }
      clearTimeout(timer)
      timer = window.setTimeout(write, REST_MS)
    },
    drop: () => (waiting = null),
  }
}

export function useDraft<T>(key: () => string) {
  const later = useLater<T>()
  const stored = shallowRef<Loaded<T> | null>(null)
  const body = shallowRef<T | null>(null)
  /** When the changes that were found in the browser were made; null where there were none. */
  const restored = ref<string | null>(null)
  /** `updated_at` of what the changes are made to. */
  const since = ref<string | null>(null)
  const dirty = computed(() => body.value !== null && !same(body.value, stored.value?.body))

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
    const found = draft !== null && !same(draft.body, loaded.body)
    body.value = found ? draft.body : loaded.body
    since.value = found ? draft.since : loaded.since
    restored.value = found ? draft.at : null
  }

  function forget(): void {
    later.drop()
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
    later.keep(key(), dirty.value ? { body: body.value, since: since.value, at: new Date().toISOString() } : null)
  })

  return { body, stored, dirty, restored, since, load, discard, saved, forget }
}
