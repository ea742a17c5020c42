// A plan while it is edited: what is wrong with it, and saving it.
import { useQueryClient } from '@tanstack/vue-query'
import { computed, type ComputedRef, ref, type ShallowRef, shallowRef } from 'vue'
import { changePlan, createPlan, type Plan, type PlanBody, readPlan, type StartBody, startPlan } from '@/api/planEditing'
import { asProblem } from '@/api/problem'
import { t } from '@/i18n'
import { changedKeys } from '@/load/changes'
import { planProblems } from '@/load/problems'
import { useDraft } from '@/parts/draft'
import type { ProblemBook } from '@/parts/problemBook'
import { useExpectations } from './expectations'
import { problemBooks } from './problemBooks'
import { keepTexts } from './unreadable'

export function bodyOf({ name, description, scenes, config }: Plan): PlanBody {
  return { name, description, scenes, config }
}

export function newPlan(): PlanBody {
  const config = { concurrent_users: 10, ramp_up_time: 10, hold_time: 60, execution_config: { thresholds: ['p95 < 500', 'error_rate <= 1'] } }
  return { name: '', description: null, scenes: [], config }
}

type Draft = ReturnType<typeof useDraft<PlanBody>>

interface Place {
  project: () => number
  plan: () => number | null
  steps: ComputedRef<readonly string[]>
}

interface Refusal {
  book: ProblemBook
  body: PlanBody
}

export function usePlanEditor(place: Place) {
  const draft = useDraft<PlanBody>(() => `perfsvc.draft.plan.${place.project()}.${place.plan() ?? 'new'}`)
  const { preview, previewed } = useExpectations(draft.body, place)
  const refused = shallowRef<Refusal | null>(null)
  const { unreadable, forget } = keepTexts(draft.body)

  const local = computed<ProblemBook>(() => {
    if (!draft.body.value) return {}
    const found = planProblems(draft.body.value, place.steps.value)
    return Object.fromEntries(found.map(({ path, fault, values }) => [path, t(`plans.fault.${fault}`, values ?? {})]))
  })
  // What was said of an earlier state may be mended already.
  const said = computed(() => (previewed.value === draft.body.value ? (preview.value?.problems ?? []) : []))
  const books = computed(() => problemBooks({
    said: said.value,
    savable: preview.value?.savable !== false,
    refused: refused.value?.body === draft.body.value ? (refused.value?.book ?? {}) : {},
    local: local.value,
    unreadable: unreadable.value,
    // Missing values are no mistakes in a form without any input yet.
    untouched: place.plan() === null && !draft.dirty.value,
  }))
  const problems = computed(() => books.value.problems)
  const unsavable = computed(() => books.value.unsavable)
  /** Fields say themselves what they cannot read. */
  const shown = computed<ProblemBook>(() => Object.fromEntries(Object.entries(problems.value).filter(([path]) => !(path in unreadable.value))))
  const notNow = computed(() => books.value.notNow)
  const dirty = computed(() => draft.dirty.value || Object.keys(unreadable.value).length > 0)
  function discard(): void {
    forget()
    draft.discard()
  }
  return { draft, dirty, discard, preview, problems, shown, unsavable, notNow, ...useSaving(draft, refused, place) }
}

function useSaving(draft: Draft, refused: ShallowRef<Refusal | null>, { project, plan }: Place) {
  const cache = useQueryClient()
  const conflict = shallowRef<Plan | null>(null)
  const busy = ref(false)

  function store(saved: Plan): Plan {
    conflict.value = null
    draft.saved({ body: bodyOf(saved), since: saved.version })
    cache.setQueryData(['plan', saved.id], saved)
    void cache.invalidateQueries({ queryKey: ['plans'] })
    return saved
  }

  /** Save; return the stored plan, or null where it was refused or somebody else saved first. */
  async function save(overwrite = false): Promise<Plan | null> {
    if (busy.value || !draft.body.value) return null
    busy.value = true
    try {
      const id = plan()
      if (id === null) return store(await createPlan(project(), draft.body.value))
      const base = overwrite ? await readPlan(id) : { ...draft.stored.value!.body, version: draft.since.value }
      return store(await changed(id, base, draft.body.value))
    } catch (error) {
      const id = plan()
      if (asProblem(error).status === 409 && id !== null) conflict.value = await readPlan(id)
      else refused.value = refusal(error, draft.body.value)
      return null
    } finally {
      busy.value = false
    }
  }

  async function saveAndRun(given?: StartBody): Promise<string | null> {
    const saved = draft.dirty.value || plan() === null ? await save() : { id: plan()! }
    if (!saved) return null
    const { execution_id } = await startPlan(saved.id, given)
    void cache.invalidateQueries({ queryKey: ['runs'] })
    return execution_id
  }

  function takeTheirs(): void {
    if (conflict.value) store(conflict.value)
  }
  return { conflict, busy, save, saveAndRun, takeTheirs }
}

/** Send what differs from the stored plan; one that somebody saved since is a 409. */
function changed(id: number, stored: Pick<Plan, 'config'> & { version: string | null }, { name, description, scenes, config }: PlanBody): Promise<Plan> {
  const keys = changedKeys(config, stored.config)
  const body = { name, description: description ?? null, scenes, ...(Object.keys(keys).length ? { config: keys } : {}) }
  return changePlan(id, body as Partial<PlanBody>, stored.version)
}

/** What was refused, by path; any other failure is raised again. */
function refusal(error: unknown, body: PlanBody): Refusal {
  const problem = asProblem(error)
  if (problem.status !== 422 || problem.details.length === 0) throw problem
  return { book: Object.fromEntries(problem.details.map(({ path, message }) => [path, message])), body }
}
