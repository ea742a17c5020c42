// Plans: read, save, start, stop, and what a plan that is not saved yet would do.
import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { type MaybeRefOrGetter, toValue } from 'vue'
import { clean } from '@/load/changes'
import type { LoadConfig } from '@/load/config'
import { api, ask, type Schemas } from './client'
import { everyPage } from './lists'
import { raw, type Versioned, versioned } from './raw'

export type PlanRow = Schemas['PlanRow']
export type SceneShare = { scene_id: number; weight: number }

/** A plan's config with all that the editor knows of it; keys that it does not know stay as they came. */
export interface PlanConfig extends LoadConfig {
  request_timeout?: number
  target_url?: string | null
  test_type?: string
  control_mode?: 'single' | 'central' | 'distributed'
  env_id?: number | null
  protocol?: string
  data_source_type?: string
  data_config?: Record<string, unknown>
  node_count?: number | 'auto'
  node_distribution?: Record<string, number>
  load_balance_strategy?: string
  execution_config?: LoadConfig['execution_config'] & {
    thresholds?: string[]
    abort_on_breach?: boolean
    abort_grace?: number
    protocol_options?: Record<string, Record<string, unknown>>
    on_node_loss?: string
  }
}

export interface Plan extends Omit<PlanRow, 'description'>, Versioned {
  description: string | null
  scenes: SceneShare[]
  config: PlanConfig
}

export interface PlanBody {
  /** The plan that this is a copy of: its secrets are kept. */
  copy_of?: number
  name: string
  description?: string | null
  scenes: SceneShare[]
  config: PlanConfig
}

export interface Advice {
  code: string
  severity: 'info' | 'warning' | 'error'
  zh: string
  en: string
}

/** What the service expects of an unsaved plan. */
export interface PlanPreview {
  duration: number | null
  points: { t: number; level: number }[]
  peak: number
  /** Seconds that an iteration takes a user, by think times and the response times of the last run. */
  iteration_time: number | null
  iterations: number | null
  requests: number | null
  latency: { p50: number | null; avg: number | null; from_report_id: number | null } | null
  scenes: { scene_id: number; name: string; share: number; requests_per_iteration: number }[]
  nodes: { name: string; share: number; vus: number | null; arrival_rate: number | null }[]
  needs: { users: number | null; open_files: number; open_files_limit: number | null; nodes: number } | null
  advice: Advice[]
  /** Those that a start of the plan has, too; the path is empty where it is about the whole plan. */
  warnings: { path: string; zh: string; en: string }[]
  problems: { path: string; message: string }[]
  /** Whether the problems prevent a start only. */
  savable: boolean
}

export function usePlanRows(project: MaybeRefOrGetter<number | null>) {
  return useQuery({
    queryKey: ['plans', project, 'all'],
    queryFn: () =>
      everyPage((page) =>
        ask(
          api.GET('/api/performance/plans/', {
            params: { query: { project_id: toValue(project)!, page, page_size: 100 } },
          }),
        ),
      ),
    enabled: () => toValue(project) !== null,
  })
}

export function readPlan(id: number): Promise<Plan> {
  return versioned<Plan>('GET', `/api/performance/plans/${id}/`)
}

export function usePlan(id: MaybeRefOrGetter<number | null>) {
  return useQuery({
    queryKey: ['plan', id],
    queryFn: () => readPlan(toValue(id)!),
    enabled: () => toValue(id) !== null,
  })
}

/** A plan without what is not set. */
function unset(body: PlanBody): PlanBody {
  return { ...body, config: clean(body.config) as PlanConfig }
}

/** Expectations for a plan that may not be sound yet; null where the service has no such endpoint. */
export async function previewPlan(
  project: number,
  plan: number | null,
  body: PlanBody,
  signal?: AbortSignal,
): Promise<PlanPreview | null> {
  const { name, scenes, config, copy_of } = unset(body)
  const known = plan ?? copy_of ?? null
  const named = name.trim() ? { name } : {}
  const sent = { project_id: project, ...(known === null ? {} : { plan_id: known }), ...named, scenes, config }
  return raw<PlanPreview>('POST', '/api/performance/plans/preview/', { body: sent, signal, absent: [404, 405] })
}

export function createPlan(project: number, body: PlanBody): Promise<Plan> {
  return versioned<Plan>('POST', '/api/performance/plans/', { project_id: project, ...unset(body) })
}

/** Save what changed since this version. */
export function changePlan(id: number, body: Partial<PlanBody>, since: string | null): Promise<Plan> {
  return versioned<Plan>('PUT', `/api/performance/plans/${id}/`, body, since)
}

export interface Started {
  execution_id: string
}

/** Variables of one run, and which of them are secret. */
export interface StartBody {
  variables: Record<string, string>
  secret_variables: string[]
}

export function startPlan(id: number, body?: StartBody): Promise<Started> {
  return raw<Started>('POST', `/api/performance/plans/${id}/start/`, body ? { body } : {}) as Promise<Started>
}

/** Start, stop and deletion of plans; every list that shows them is read again. */
export function usePlanActions() {
  const cache = useQueryClient()
  const settle = () =>
    Promise.all(['plans', 'plan', 'runs', 'executions', 'datafiles'].map((key) => cache.invalidateQueries({ queryKey: [key] })))
  const start = useMutation({ mutationFn: (id: number) => startPlan(id), onSettled: settle })
  const stop = useMutation({
    mutationFn: (id: number) =>
      ask(api.POST('/api/performance/plans/{plan_id}/stop/', { params: { path: { plan_id: id } } })),
    onSettled: settle,
  })
  const remove = useMutation({
    mutationFn: (id: number) =>
      ask(api.DELETE('/api/performance/plans/{plan_id}/', { params: { path: { plan_id: id } } })),
    onSettled: settle,
  })
  return { start, stop, remove, settle }
}
