// Leaving a page while it is busy with what ends with it: asked first.
import { useEventListener } from '@vueuse/core'
import { ref, watch } from 'vue'
import { onBeforeRouteLeave } from 'vue-router'

export function useLeaving(busy: () => boolean) {
  const asking = ref(false)
  let decide: ((leave: boolean) => void) | null = null

  function answer(leave: boolean): void {
    asking.value = false
    decide?.(leave)
    decide = null
  }
  onBeforeRouteLeave(() => {
    answer(false)
    if (!busy()) return true
    asking.value = true
    return new Promise<boolean>((resolve) => (decide = resolve))
  })
  // Nothing is lost any more.
  watch(busy, (still) => {
    if (!still && asking.value) answer(true)
  })
  useEventListener(window, 'beforeunload', (event) => {
    if (busy()) event.preventDefault()
  })
  return { asking, answer }
}
