/** Steps back and forth in a plan: what was typed into one field in a row is one. */
import { computed, type Ref, shallowRef, watch } from 'vue'
import type { PlanBody } from '@/api/planEditing'
import { begin, changed, type History, redone, undone } from '@/scene/history'

/** What a change is about: the part of the plan, and of its config the keys. */
function aboutOf(before: PlanBody, after: PlanBody): string {
  const parts = (Object.keys(after) as (keyof PlanBody)[]).filter((key) => before[key] !== after[key])
  const keys = Object.keys({ ...before.config, ...after.config }).filter((key) => before.config[key as keyof PlanBody['config']] !== after.config[key as keyof PlanBody['config']])
  return [...parts, ...keys].join(' ')
}

export function useUndo(body: Ref<PlanBody | null>, forget: () => void) {
  const history = shallowRef<History<PlanBody> | null>(null)
  // What was read, saved, taken over or discarded begins a new history; what was typed continues it.
  watch(body, (now) => {
    if (now !== history.value?.now) history.value = now && begin(now)
  }, { immediate: true, flush: 'sync' })

  function put(change: Partial<PlanBody>): void {
    const before = body.value
    if (!before || !history.value) return
    const now = { ...before, ...change }
    history.value = changed(history.value, now, aboutOf(before, now), Date.now())
    body.value = now
  }
  function go(next: History<PlanBody>): void {
    // A text that cannot be read is of the state that is left.
    forget()
    history.value = next
    body.value = next.now
  }
  return {
    put,
    undo: () => history.value && go(undone(history.value)),
    redo: () => history.value && go(redone(history.value)),
    canUndo: computed(() => (history.value?.past.length ?? 0) > 0),
    canRedo: computed(() => (history.value?.future.length ?? 0) > 0),
  }
}
