// Steps of the tree dragged by the mouse, and by their handles with a finger.
import { ref } from 'vue'
import type { Row } from '@/scene/tree'

export function useDrag(rowOf: (element: Element | null) => Row | undefined, drop: (from: string, to: Row) => void) {
  const dragged = ref('')
  const target = ref('')
  function end(): void {
    dragged.value = target.value = ''
  }
  function over(row: Row | undefined): boolean {
    if (!dragged.value || !row) return false
    target.value = row.path
    return true
  }
  function done(row: Row | undefined): void {
    const from = dragged.value
    end()
    if (from && row) drop(from, row)
  }
  const under = (event: Event) => rowOf(event.target as Element | null)
  /** A finger stays on the row that it began at: what lies below it is looked up. */
  const below = ({ clientX, clientY }: PointerEvent) => document.elementFromPoint(clientX, clientY)
  const byFinger = (event: PointerEvent) => event.pointerType !== 'mouse'

  return {
    target,
    on: {
      dragstart(event: DragEvent): void {
        dragged.value = under(event)?.path ?? ''
        // Firefox drags nothing without data; as text it would be put into a field that it is let go over.
        event.dataTransfer?.setData('application/x-perfsvc-step', dragged.value)
      },
      dragend: end,
      dragover: (event: DragEvent) => over(under(event)) && event.preventDefault(),
      drop(event: DragEvent): void {
        event.preventDefault()
        done(under(event))
      },
      pointerdown(event: PointerEvent): void {
        const grip = (event.target as Element).closest('[data-grip]')
        if (!grip || !byFinger(event)) return
        dragged.value = under(event)?.path ?? ''
        grip.setPointerCapture(event.pointerId)
      },
      pointermove(event: PointerEvent): void {
        const element = byFinger(event) && dragged.value ? below(event) : null
        if (over(rowOf(element))) element?.scrollIntoView({ block: 'nearest' })
      },
      pointerup: (event: PointerEvent) => byFinger(event) && done(rowOf(below(event))),
      // The mouse's is cancelled where its drag begins.
      pointercancel: (event: PointerEvent) => byFinger(event) && end(),
    },
  }
}
