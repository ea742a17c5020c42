/** Uploads of a page: one after another, each with its progress, and ended by a click. */
import { useQueryClient } from '@tanstack/vue-query'
import { onScopeDispose, ref, shallowRef } from 'vue'
import { type DataFile, upload } from '@/api/data'
import { t } from '@/i18n'
import { done, failed } from '@/parts/notices'

export interface Sending {
  id: number
  name: string
  /** From 0 to 1; null while it waits for its turn. */
  part: number | null
  end: () => void
}

let last = 0

export function useUploads(project: () => number, stored: (file: DataFile) => void) {
  const cache = useQueryClient()
  const sending = shallowRef<Sending[]>([])
  /** What a screen reader says: that one began or was cancelled. A notice says that one is stored. */
  const said = ref('')
  let turn = Promise.resolve()
  const change = (id: number, part: number) => (sending.value = sending.value.map((one) => (one.id === id ? { ...one, part } : one)))
  const forget = (id: number) => (sending.value = sending.value.filter((one) => one.id !== id))
  async function readAgain(): Promise<void> {
    await cache.invalidateQueries({ queryKey: ['datafiles'] })
    await cache.invalidateQueries({ queryKey: ['datafile'] })
  }

  async function send(id: number, file: File, replaces: number | null, of: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    change(id, 0)
    said.value = t('assets.uploadBegun', { name: file.name })
    try {
      const kept = await upload({ file, replaces, project: of, progress: (part) => change(id, part), signal })
      signal.throwIfAborted()
      forget(id)
      said.value = ''
      done(t(replaces === null ? 'assets.uploaded' : 'assets.replaced', { name: kept.name }))
      await readAgain()
      if (project() === of) stored(kept)
    } catch (error) {
      // The service may have had all of it when it was cancelled.
      if (signal.aborted) await readAgain()
      else failed(error)
    } finally {
      forget(id)
    }
  }

  function add(file: File, replaces: number | null): void {
    const id = (last += 1)
    const of = project()
    const control = new AbortController()
    const end = () => {
      control.abort()
      forget(id)
      said.value = t('assets.uploadCancelled', { name: file.name })
    }
    sending.value = [...sending.value, { id, name: file.name, part: null, end }]
    turn = turn.then(() => send(id, file, replaces, of, control.signal))
  }

  /** Files that are left behind with the page are not sent any further. */
  onScopeDispose(() => sending.value.forEach((one) => one.end()))
  return { sending, said, add }
}
