// What lies below the charts follows a moment after them, and only while it is in sight: each frame stays short.
import { useIntersectionObserver } from '@vueuse/core'
import { onScopeDispose, readonly, ref, watch, type Ref } from 'vue'
import { usePaper } from '@/style/paper'

/** Long enough for a frame or two in between, in which the page can follow the mouse. */
const LATER_MS = 100

export function useTickBelow(box: Readonly<Ref<HTMLElement | null>>, tick: Readonly<Ref<number>>): Readonly<Ref<number>> {
  const below = ref(tick.value)
  let seen = true
  let asked = 0
  const follow = () => {
    asked = 0
    below.value = tick.value
  }
  const ask = () => {
    if (seen && !asked) asked = window.setTimeout(follow, LATER_MS)
  }
  useIntersectionObserver(box, (entries) => {
    seen = entries.at(-1)!.isIntersecting
    ask()
  }, { rootMargin: '200px' })
  watch(tick, ask)
  usePaper(follow)
  onScopeDispose(() => clearTimeout(asked))
  return readonly(below)
}
