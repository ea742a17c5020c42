// What the service expects of a plan that is being edited, asked for while one types.
import { useDebounceFn } from '@vueuse/core'
import { shallowRef, watch, type WatchSource } from 'vue'
import { type PlanBody, type PlanPreview, previewPlan } from '@/api/planEditing'
import { language } from '@/i18n'

const AFTER_MS = 350

interface Place {
  project: () => number
  plan: () => number | null
}

/** The last preview, and the body that it is of; null while there is none, or where the service gives none. */
export function useExpectations(body: WatchSource<PlanBody | null> & { value: PlanBody | null }, { project, plan }: Place) {
  const preview = shallowRef<PlanPreview | null>(null)
  const previewed = shallowRef<PlanBody | null>(null)
  let asked: AbortController | null = null

  const look = useDebounceFn(async () => {
    const looked = body.value
    if (!looked) return
    asked?.abort()
    asked = new AbortController()
    try {
      preview.value = await previewPlan(project(), plan(), looked, asked.signal)
      previewed.value = looked
    } catch {
      // A later one is under way, or the service is away: what is shown stays.
    }
  }, AFTER_MS)
  watch([body, language], () => void look())
  return { preview, previewed }
}
