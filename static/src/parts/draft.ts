// What is being edited and not saved yet: kept in this browser until it is saved or discarded.
import { useEventListener } from '@vueuse/core'
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { t } from '@/i18n'
import { same } from '@/load/changes'
import { dropDraft, dropOwnDraft, keepDraft, keptDraft } from './draftStore'
import { warned } from './notices'

interface Kept<T, B> {
  body: T
  /** What belongs to the draft and cannot be saved, such as texts that cannot be read yet. */
  beside?: B | null
  /** Version of what the changes were made to. */
  since: string | null
  at: string
}

export interface Loaded<T> {
  body: T
  since: string | null
}

const REST_MS = 300

/** Writes what is kept after a rest, so that a large scene is not written for every letter; nothing is lost at the end. */
function useLater<T, B>(key: () => string) {
  let last: { key: string; draft: Kept<T, B> | null } | null = null
  let timer = 0
  let warning = false
  function write(): void {
    clearTimeout(timer)
    if (!last) return
    const kept = last.draft === null || keepDraft(last.key, last.draft)
    if (last.draft === null) dropOwnDraft(last.key)
    if (!kept && !warning) warned(t('parts.notKept'))
    warning = !kept
  }
  // Written once more at the end: meanwhile another tab may have saved and dropped what both had kept.
  useEventListener(window, 'pagehide', write)
  onScopeDispose(write)
  // What was new has a name of its own once it is saved.
  watch(key, (_, before) => dropDraft(before))
  return {
    keep(key: string, draft: Kept<T, B> | null): void {
      last = { key, draft }
      clearTimeout(timer)
      timer = window.setTimeout(write, REST_MS)
    },
    drop(): void {
      clearTimeout(timer)
      last = null
    },
  }
}

export function useDraft<T, B = never>(key: () => string) {
  const later = useLater<T, B>(key)
  const stored = shallowRef<Loaded<T> | null>(null)
  const body = shallowRef<T | null>(null)
  const beside = shallowRef<B | null>(null)
  /** When the changes that were found in the browser were made; null where there were none. */
  const restored = ref<string | null>(null)
  /** Version of what the changes are made to. */
  const since = ref<string | null>(null)
  const dirty = computed(() => body.value !== null && (beside.value !== null || !same(body.value, stored.value?.body)))

  /** What the service has was read. Changes kept in the browser come back on top of it. */
  function load(loaded: Loaded<T>): void {
    stored.value = loaded
    if (body.value !== null && dirty.value) return
    const draft = keptDraft<Kept<T, B>>(key())
    const found = draft !== null && ((draft.beside ?? null) !== null || !same(draft.body, loaded.body))
    beside.value = found ? (draft.beside ?? null) : null
    body.value = found ? draft.body : loaded.body
    since.value = found ? draft.since : loaded.since
    restored.value = found ? draft.at : null
  }

  function forget(): void {
    later.drop()
    dropDraft(key())
    restored.value = null
    beside.value = null
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

  /** What was sent is now what the service has; what was typed since then stays a change to it. */
  function overtaken(loaded: Loaded<T>): void {
    stored.value = loaded
    since.value = loaded.since
    restored.value = null
  }

  watch([body, beside, dirty, since, key], () => {
    if (body.value === null) return
    const draft = { body: body.value, ...(beside.value === null ? {} : { beside: beside.value }), since: since.value, at: new Date().toISOString() }
    later.keep(key(), dirty.value ? draft : null)
  })

  return { body, beside, stored, dirty, restored, since, load, discard, saved, overtaken, forget }
}
