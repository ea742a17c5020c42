// A plan while it is edited: what is wrong with it, and saving it.
import { useQueryClient } from '@tanstack/vue-query'
import { computed, type ComputedRef } from 'vue'
import { changePlan, createPlan, type Plan, type PlanBody, readPlan, type StartBody, startPlan } from '@/api/planEditing'
import { t } from '@/i18n'
import { changedKeys } from '@/load/changes'
import { planProblems } from '@/load/problems'
import { useDraft } from '@/parts/draft'
import type { ProblemBook } from '@/parts/problemBook'
import { useSaving } from '@/parts/saving'
import { useExpectations } from './expectations'
import { problemBooks } from './problemBooks'
import { useUndo } from './undo'
import { keepTexts } from './planTexts'

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

export function usePlanEditor(place: Place) {
  const draft = useDraft<PlanBody>(() => `perfsvc.draft.plan.${place.project()}.${place.plan() ?? 'new'}`)
  const { preview, previewed } = useExpectations(draft.body, place)
  const saving = usePlanSaving(draft, place)
  const { unreadable, forget } = keepTexts(draft.body)
  const steps = useUndo(draft.body, { any: computed(() => Object.keys(unreadable.value).length > 0), forget })

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
    refused: saving.served.value,
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
  return { draft, dirty, discard, preview, problems, shown, unsavable, notNow, ...steps, ...saving }
}

function usePlanSaving(draft: Draft, { project, plan }: Place) {
  const cache = useQueryClient()
  const saving = useSaving<Plan, PlanBody>(draft, {
    keys: { one: 'plan', lists: 'plans' },
    id: plan,
    read: readPlan,
    create: (body) => createPlan(project(), body),
    change: (id, body, theirs) => changed(id, theirs ?? { ...draft.stored.value!.body, version: draft.since.value }, body),
    bodyOf,
  })

  async function saveAndRun(given?: StartBody): Promise<string | null> {
    const saved = draft.dirty.value || plan() === null ? await saving.save() : { id: plan()! }
    if (!saved) return null
    const { execution_id } = await startPlan(saved.id, given)
    void cache.invalidateQueries({ queryKey: ['runs'] })
    return execution_id
  }
  return { ...saving, saveAndRun }
}

/** Send what differs from the stored plan; one that somebody saved since is a 409. */
function changed(id: number, stored: Pick<Plan, 'config'> & { version: string | null }, { name, description, scenes, config }: PlanBody): Promise<Plan> {
  const keys = changedKeys(config, stored.config)
  const body = { name, description: description ?? null, scenes, ...(Object.keys(keys).length ? { config: keys } : {}) }
  return changePlan(id, body as Partial<PlanBody>, stored.version)
}
