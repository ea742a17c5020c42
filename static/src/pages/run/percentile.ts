// Which percentile the page is about: in the address, so that a colleague sees the same, and remembered.
import { useLocalStorage } from '@vueuse/core'
import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'

export const PERCENTILES = ['p50', 'p90', 'p95', 'p99'] as const
export type Percentile = (typeof PERCENTILES)[number]

const isOne = (text: unknown): text is Percentile => PERCENTILES.includes(text as Percentile)

export function usePercentile() {
  const route = useRoute()
  const router = useRouter()
  const kept = useLocalStorage<string>('perfsvc.run.percentile', 'p95')
  const percentile = computed<Percentile>(() => (isOne(route.query.p) ? route.query.p : isOne(kept.value) ? kept.value : 'p95'))
  const setPercentile = (next: Percentile) => {
    kept.value = next
    void router.replace({ query: { ...route.query, p: next }, hash: route.hash })
  }
  return { percentile, setPercentile }
}

/** The column of the same percentile counted from plan. */
export function fromPlan(percentile: Percentile): string {
  return `planP${percentile.slice(1)}`
}

/** The chosen one and those beside it, ascending. */
export function shownOf(percentile: Percentile): Percentile[] {
  const wanted = new Set([percentile, ...beside(percentile)])
  return PERCENTILES.filter((name) => wanted.has(name))
}

/** Percentiles beside the chosen one: the middle and the tail. */
export function beside(percentile: Percentile): [Percentile, Percentile] {
  return [percentile === 'p50' ? 'p95' : 'p50', percentile === 'p99' ? 'p95' : 'p99']
}
