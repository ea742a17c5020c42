// A long page comes in parts: the first is in view before work on the next begins.
import { whenever } from '@vueuse/core'
import { onScopeDispose, readonly, ref, type Ref } from 'vue'

/** Resolve when the frame that holds the latest changes has been painted; at once in a hidden tab. */
export function painted(): Promise<void> {
  if (document.hidden) return Promise.resolve()
  return new Promise((done) => {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel()
      port1.addEventListener('message', () => done(), { once: true })
      port1.start()
      port2.postMessage(null)
    })
  })
}

/** Count from 0 to `last`, one more after each painted frame, from when `ready` holds. */
export function useStages(ready: () => boolean, last: number): Readonly<Ref<number>> {
  const stage = ref(0)
  let left = false
  onScopeDispose(() => (left = true))
  const count = async () => {
    while (stage.value < last) {
      await painted()
      if (left) return
      stage.value++
    }
  }
  whenever(ready, count, { immediate: true, once: true })
  return readonly(stage)
}
