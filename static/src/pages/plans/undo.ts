/** Steps back and forth in a plan: what was typed into one field in a row is one, and so is what was dragged. */
import { useEventListener } from '@vueuse/core'
import { computed, type ComputedRef, type Ref, shallowRef, watch } from 'vue'
import type { PlanBody } from '@/api/planEditing'
import { changedLeaves } from '@/load/leaves'
import { begin, changed, type History, redone, undone } from '@/scene/history'

/** Texts of fields that cannot be read: they are no part of the plan, and the first thing to be given up. */
interface Texts {
  any: ComputedRef<boolean>
  forget: () => void
}

/** The drag that is going on: a change of what the pointer holds now may be about other values than the last. */
function useDrag(): () => string | null {
  let drags = 0
  let held = false
  useEventListener(document, 'pointerdown', () => {
    drags += 1
    held = true
  }, { capture: true })
  useEventListener(document, ['pointerup', 'pointercancel'], () => (held = false), { capture: true })
  return () => (held ? `drag ${drags}` : null)
}

export function useUndo(body: Ref<PlanBody | null>, texts: Texts) {
  const history = shallowRef<History<PlanBody> | null>(null)
  const drag = useDrag()
  // What was read, saved, taken over or discarded begins a new history; what was typed continues it.
  watch(body, (now) => {
    if (now !== history.value?.now) history.value = now && begin(now)
  }, { immediate: true, flush: 'sync' })

  function put(change: Partial<PlanBody>): void {
    const before = body.value
    if (!before || !history.value) return
    const now = { ...before, ...change }
    const leaves = changedLeaves(before, now)
    if (leaves?.length === 0) return
    history.value = changed(history.value, now, leaves === null ? '' : (drag() ?? leaves.join(' ')), Date.now())
    body.value = now
  }
  function go(next: History<PlanBody> | null): void {
    if (!next || next === history.value) return
    // A text that cannot be read is of the state that is left.
    texts.forget()
    history.value = next
    body.value = next.now
  }
  function undo(): void {
    if (texts.any.value) texts.forget()
    else go(history.value && undone(history.value))
  }
  return {
    put,
    undo,
    redo: () => go(history.value && redone(history.value)),
    canUndo: computed(() => texts.any.value || (history.value?.past.length ?? 0) > 0),
    canRedo: computed(() => (history.value?.future.length ?? 0) > 0),
  }
}
