// The thing that the address of an editor's page names.
import { computed, ref, watch } from 'vue'
import { useRoute } from 'vue-router'

/** The thing of the address: each is a form of its own, and a new one stays the same when it is saved. */
export function useAddressed(name: 'plan' | 'scene') {
  const route = useRoute()
  const project = computed(() => Number(route.params.project))
  const id = computed(() => (route.params[name] === 'new' ? null : Number(route.params[name])))
  const form = ref(0)
  const created = ref<number | null>(null)
  watch([id, project], ([now, of], [before, was]) => {
    if (of !== was || before !== null || now !== created.value) form.value++
    // Only the first change after a save keeps the form: another new one may be left for what was saved.
    created.value = null
  }, { flush: 'sync' })
  return { project, id, form, created }
}
