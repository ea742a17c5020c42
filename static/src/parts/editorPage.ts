// What the pages of the editors share: reading a thing into a draft, saving it and going on.
import type { UseQueryReturnType } from '@tanstack/vue-query'
import { computed, onScopeDispose, watch } from 'vue'
import { useRouter } from 'vue-router'
import { useRights } from '@/api/projects'
import { t } from '@/i18n'
import type { useDraft } from './draft'
import { done, failed } from './notices'
import type { Stored, useSaving } from './saving'

interface Page<S extends Stored, T> {
  name: 'plan' | 'scene'
  project: () => number
  id: () => number | null
  query: UseQueryReturnType<S, Error>
  draft: Pick<ReturnType<typeof useDraft<T>>, 'body' | 'load'>
  save: ReturnType<typeof useSaving<S, T>>['save']
  bodyOf: (stored: S) => T
  /** What a new one begins with. */
  fresh: () => T
  created: (id: number) => void
}

/** Reads the thing of a page into its draft; what the page shows meanwhile, its right, and saving with its notices. */
export function useEditorPage<S extends Stored, T>({ name, project, id, query, draft, save: store, bodyOf, fresh, created }: Page<S, T>) {
  const router = useRouter()
  const { may } = useRights()
  watch([query.data, id], ([data, wanted]) => {
    if (wanted === null && draft.body.value === null) draft.load({ body: fresh(), since: null })
    else if (data && data.id === wanted) draft.load({ body: bodyOf(data), since: data.version })
  }, { immediate: true })

  let left = false
  onScopeDispose(() => (left = true))
  async function save(overwrite = false): Promise<void> {
    try {
      const saved = await store(overwrite)
      if (!saved) return
      done(t('parts.saved'))
      if (id() !== null || left) return
      created(saved.id)
      await router.replace({ name, params: { project: project(), [name]: saved.id } })
    } catch (error) {
      failed(error)
    }
  }
  const { error, isPending, dataUpdatedAt, refetch } = query
  return { save, readonly: computed(() => !may('editor')), pending: { data: computed(() => draft.body.value ?? undefined), error, isPending, dataUpdatedAt, refetch } }
}
