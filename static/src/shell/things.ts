// Things that the command palette finds by name: plans, scenes and runs of the project, which the service searches as one types; other projects.
import { CirclePlay, ClipboardList, FolderKanban, Layers } from '@lucide/vue'
import { refDebounced } from '@vueuse/core'
import { computed, type ComputedRef, type Ref } from 'vue'
import { useRouter, type RouteLocationRaw } from 'vue-router'
import { useFoundPlans } from '@/api/plans'
import { useCurrentProject, useProjects } from '@/api/projects'
import { useRuns } from '@/api/runs'
import { useFoundScenes } from '@/api/sceneEditing'
import { t } from '@/i18n'
import { moment } from '@/i18n/format'
import type { Offer } from './offer'

const LAST_RUNS = 20
/** Without a key the service is asked. */
const PAUSE_MS = 150

export function useThings(wanted: Ref<boolean>, typed: Ref<string>): ComputedRef<Offer[]> {
  const router = useRouter()
  const project = useCurrentProject()
  const projects = useProjects()
  const here = () => (wanted.value ? (project.value?.id ?? null) : null)
  const pausing = refDebounced(typed, PAUSE_MS)
  const words = () => pausing.value.trim()
  const plans = useFoundPlans(here, words)
  const scenes = useFoundScenes(here, words)
  const runs = useRuns(() => ({ project_id: here(), q: words(), page_size: LAST_RUNS }), () => here() !== null)
  const go = (to: RouteLocationRaw) => () => void router.push(to)

  const ofPlans = computed(() =>
    (plans.data.value?.results ?? []).map((plan): Offer => ({ id: `plan-${plan.id}`, group: t('shell.groups.plans'), icon: ClipboardList, label: plan.name, run: go({ name: 'plan', params: { project: plan.project_id, plan: plan.id } }) })),
  )
  const ofScenes = computed(() =>
    (scenes.data.value?.results ?? []).map((scene): Offer => ({ id: `scene-${scene.id}`, group: t('shell.groups.scenes'), icon: Layers, label: scene.name, run: go({ name: 'scene', params: { project: scene.project_id, scene: scene.id } }) })),
  )
  const ofRuns = computed(() =>
    (runs.data.value?.results ?? []).map((run): Offer => ({ id: `run-${run.execution_id}`, group: t('shell.groups.runs'), icon: CirclePlay, label: run.plan_name ?? run.execution_id, note: moment(run.start_time), run: go({ name: 'run', params: { project: run.project_id, execution: run.execution_id } }) })),
  )
  const others = computed(() =>
    (projects.data.value ?? [])
      .filter((one) => one.id !== project.value?.id)
      .map((one): Offer => ({ id: `project-${one.id}`, group: t('shell.groups.projects'), icon: FolderKanban, label: one.name, run: go({ name: 'overview', params: { project: one.id } }) })),
  )
  return computed(() => [...ofPlans.value, ...ofScenes.value, ...ofRuns.value, ...others.value])
}
