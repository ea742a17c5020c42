// The width of the plot of a search's story, measured when it changes and again for paper.
import { useResizeObserver } from '@vueuse/core'
import { computed, ref, type ComputedRef, type Ref } from 'vue'
import { NARROW } from '@/charts/gutter'
import { usePaper } from '@/style/paper'

const LEAST = 200
/** Right of every plot, as in the sheet of charts. */
const PADDING = 12
/** Until it is measured. */
const FIRST = 600

/** Pixels from the left edge of a plot to its right end, and to where its values begin. */
export function usePlotWidth(plot: Readonly<Ref<HTMLElement | null>>): { width: Readonly<Ref<number>>; left: ComputedRef<number> } {
  const width = ref(FIRST)
  const measure = () => (width.value = Math.max(LEAST, (plot.value?.clientWidth ?? FIRST + PADDING) - PADDING))
  useResizeObserver(plot, measure)
  usePaper(measure)
  return { width, left: computed(() => (width.value < NARROW ? 40 : 52)) }
}
