// The names of the steps of a plan's scenes, for thresholds of one step.
import { useQueries } from '@tanstack/vue-query'
import { computed, shallowRef } from 'vue'
import { readScene } from '@/api/sceneEditing'
import { everyStep } from '@/scene/tree'
import { nameOf } from '@/scene/types'

export function useStepNames() {
  const ids = shallowRef<() => number[]>(() => [])
  const scenes = useQueries({
    queries: computed(() => ids.value().map((id) => ({ queryKey: ['scene', id], queryFn: () => readScene(id) }))),
  })
  const steps = computed(() => {
    const loaded = scenes.value.map((query) => query.data).filter((scene) => scene !== undefined)
    // While one of them is not known, no name can be called wrong.
    if (loaded.length < scenes.value.length) return []
    const names = loaded.flatMap((scene) =>
      everyStep(scene).flatMap(({ step }) => ((step.type ?? 'request') === 'request' || step.type === 'group' ? [nameOf(step)] : [])),
    )
    return [...new Set(names)]
  })
  return { steps, watchScenes: (read: () => number[]) => (ids.value = read) }
}
