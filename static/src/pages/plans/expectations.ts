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

/** The preview of the body; null while there is none, or where the service gives none. */
export function useExpectations(body: WatchSource<PlanBody | null> & { value: PlanBody | null }, { project, plan }: Place) {
  const preview = shallowRef<PlanPreview | null>(null)
  let asked: AbortController | null = null

  const look = useDebounceFn(async () => {
    if (!body.value) return
    asked?.abort()
    asked = new AbortController()
    try {
      preview.value = await previewPlan(project(), plan(), body.value, asked.signal)
    } catch {
      preview.value = null
    }
  }, AFTER_MS)
  watch([body, language], () => void look())
  return preview
}
