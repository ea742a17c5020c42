// Saving of what several people edit: a draft is sent with the version that it was made to, and nothing of others is overwritten unseen.
import { useQueryClient } from '@tanstack/vue-query'
import { computed, ref, shallowRef } from 'vue'
import { asProblem } from '@/api/problem'
import type { Versioned } from '@/api/raw'
import type { useDraft } from './draft'
import type { ProblemBook } from './problemBook'

export interface Stored extends Versioned {
  id: number
  updated_at: string
  updated_by?: string | null
}

/** How one kind of thing is read and saved. */
interface Resource<S extends Stored, T> {
  /** Keys of the cache: of one, and of the lists. */
  keys: { one: string; lists: string }
  /** Null where it is new. */
  id: () => number | null
  read: (id: number) => Promise<S>
  create: (body: T) => Promise<S>
  /** Save what was edited; overwrite the version `theirs` of another user where it is given. */
  change: (id: number, body: T, theirs: S | null) => Promise<S>
  bodyOf: (stored: S) => T
}

/** What is edited, at one moment. */
interface State<T, B> {
  body: T | null
  beside: B | null
}

const NO_PROBLEMS: ProblemBook = {}

export function useSaving<S extends Stored, T, B = never>(draft: ReturnType<typeof useDraft<T, B>>, resource: Resource<S, T>) {
  const cache = useQueryClient()
  /** The version that another user saved meanwhile. */
  const conflict = shallowRef<S | null>(null)
  const refusal = shallowRef<{ book: ProblemBook; body: T } | null>(null)
  const busy = ref(false)
  const state = (): State<T, B> => ({ body: draft.body.value, beside: draft.beside.value })

  /** Take what the service has; what was typed while `from` was under way stays in the draft. */
  function store(saved: S, from: State<T, B>): S {
    conflict.value = null
    const loaded = { body: resource.bodyOf(saved), since: saved.version }
    if (draft.body.value === from.body && draft.beside.value === from.beside) draft.saved(loaded)
    else draft.overtaken(loaded)
    cache.setQueryData([resource.keys.one, saved.id], saved)
    void cache.invalidateQueries({ queryKey: [resource.keys.lists] })
    return saved
  }
  async function sent(body: T, overwrite: boolean): Promise<S> {
    const id = resource.id()
    if (id === null) return resource.create(body)
    return resource.change(id, body, overwrite ? await resource.read(id) : null)
  }
  async function refused(error: unknown, body: T): Promise<void> {
    const problem = asProblem(error)
    const id = resource.id()
    if (problem.status === 409 && id !== null) conflict.value = await resource.read(id)
    else if (problem.status !== 422 || problem.details.length === 0) throw problem
    else refusal.value = { book: Object.fromEntries(problem.details.map(({ path, message }) => [path, message])), body }
  }

  /** Save; return what is stored, or null where it was refused or another user saved first. */
  async function save(overwrite = false): Promise<S | null> {
    const from = state()
    const { body } = from
    if (busy.value || !body) return null
    busy.value = true
    try {
      return store(await sent(body, overwrite), from)
    } catch (error) {
      await refused(error, body)
      return null
    } finally {
      busy.value = false
    }
  }
  /** What was refused of the draft as it is now, by path. */
  const served = computed<ProblemBook>(() => (refusal.value?.body === draft.body.value ? (refusal.value?.book ?? NO_PROBLEMS) : NO_PROBLEMS))
  const takeTheirs = () => conflict.value && store(conflict.value, state())
  return { conflict, busy, served, save, takeTheirs }
}
