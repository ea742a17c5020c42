// One run: what it is, its report, its steering, and the figures of any part of it.
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import type { Block, Counts, Mode, N, RunStatus, Summary, Variable } from '@/run/frames'
import type { SeriesAnswer } from '@/run/detail'
import type { Report, StepRow } from '@/run/report'
import { api, ask, send, unread } from './client'
import { asProblem, Problem, problemOf } from './problem'
import { queries } from './queries'
import { session } from './session'
import type { Token } from './feed'

export interface Execution {
  execution_id: string
  plan_id: number
  project_id?: number
  starter_id: number
  status: RunStatus
  start_time: string
  end_time: string | null
  reason: { code: string; message: string } | null
  plan_name?: string
  starter?: string
  mode?: Mode
  variable?: Variable
  report_id?: number | null
  summary?: Summary | null
  config?: Record<string, unknown>
}
/** Which part of a run figures are asked for. Times are Unix seconds; null = from its beginning, to its end. */
export interface Part {
  from: number | null
  to: number | null
  step: number | null
}
interface Head {
  from: number
  to: number
  width: number
  exact: boolean
}
export interface WindowFigures extends Head {
  summary: Block & Partial<Record<'running_time' | 'iterations' | 'dropped' | 'late', number>> & { failures: Counts; statuses: Counts }
  steps: StepRow[]
}
export interface Distribution extends Head {
  count: number
  min: N
  max: N
  avg: N
  /** Percentile, ms, count up to there. */
  points: [number, number, number][]
}
export interface HeatCells extends Head {
  timestamps: number[]
  /** Row borders in ms, one more than rows. */
  edges: number[]
  /** Column, row, count. */
  cells: [number, number, number][]
  max: number
}
const BASE = '/api/performance/executions'

/** Read what the description of the API does not name yet; null where this service does not have it. */
async function read<T>(path: string, query: Record<string, string | number | null | undefined> = {}): Promise<T | null> {
  const words = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== null && value !== undefined) words.set(name, String(value))
  const reply = await send(new Request(`${location.origin}${path}${words.size ? `?${words}` : ''}`))
  if (reply.status === 404) return null
  if (!reply.ok) throw problemOf(reply, await reply.json().catch(() => null))
  const body: unknown = await reply.json().catch((error: unknown) => Promise.reject(unread(error)))
  return body as T
}

export function executionQuery(id: MaybeRefOrGetter<string>) {
  return {
    queryKey: ['execution', id],
    queryFn: () => ask(api.GET('/api/performance/executions/{execution_id}/', { params: { path: { execution_id: toValue(id) } } })) as Promise<Execution>,
    staleTime: 2000,
  }
}

export function useExecution(id: MaybeRefOrGetter<string>) {
  return useQuery(executionQuery(id))
}

export function reportQuery(id: number) {
  return {
    queryKey: ['report', id],
    queryFn: async () => (await ask(api.GET('/api/performance/reports/{report_id}/', { params: { path: { report_id: id } } }))) as unknown as Report,
  }
}

/** The report of a run that has ended; null where none was stored. */
export async function reportOf(execution: Execution, known: number | null | undefined): Promise<Report | null> {
  const id = known ?? execution.report_id ?? (await reportIdOf(execution))
  return id === null ? null : queries.fetchQuery({ ...reportQuery(id), retry: false })
}

/** The report of a run if it has been read already. */
export function reportAtHand({ report_id: id }: Execution): Report | null {
  return queries.getQueryData<Report>(['report', id]) ?? null
}

const WAITS_MS = [500, 1000, 2000, 3000]

/**
 * Look for a report until it is found. The service may be away: it ends its runs when it is stopped. A run that has
 * just ended (`fresh`) gets a moment in which its report is stored; null where it left none.
 */
export async function awaited(find: () => Promise<Report | null>, fresh: boolean, left: () => boolean): Promise<Report | null> {
  for (let attempt = 0; ; attempt++) {
    try {
      const found = await find()
      if (found || !fresh || attempt >= WAITS_MS.length) return found
    } catch (error) {
      if (asProblem(error).status !== 0 || left()) throw error
    }
    await new Promise((done) => setTimeout(done, WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)]))
  }
}

async function reportIdOf(execution: Execution): Promise<number | null> {
  const query = { plan_id: execution.plan_id, page_size: 100 }
  const page = await ask(api.GET('/api/performance/reports/', { params: { query } }))
  return page.results.find((row) => row.execution_id === execution.execution_id)?.id ?? null
}

export function usePlanName(plan: MaybeRefOrGetter<number | null>, wanted: MaybeRefOrGetter<boolean>) {
  return useQuery({
    queryKey: ['plan name', plan],
    queryFn: async () => (await ask(api.GET('/api/performance/plans/{plan_id}/', { params: { path: { plan_id: toValue(plan)! } } }))).name,
    enabled: () => toValue(wanted) && toValue(plan) !== null,
  })
}

function partQuery<T>(name: string, id: string, part: Part, more: Record<string, string | number>) {
  const query = { ...part, ...more }
  return { queryKey: [name, id, query], queryFn: () => read<T>(`${BASE}/${id}/${name}/`, query), staleTime: Infinity }
}

/** Figures of a part of a run; they stay in view while those of the next part are on their way. */
function usePart<T>(name: string, id: MaybeRefOrGetter<string>, part: MaybeRefOrGetter<Part>, wanted: MaybeRefOrGetter<boolean>, more: Record<string, string | number> = {}) {
  return useQuery(computed(() => ({ ...partQuery<T>(name, toValue(id), toValue(part), more), enabled: toValue(wanted), placeholderData: keepPreviousData })))
}

const CELLS = { columns: 300, rows: 60 }

type Id = MaybeRefOrGetter<string>
type Of = MaybeRefOrGetter<Part>
type Wanted = MaybeRefOrGetter<boolean>
export const useFigures = (id: Id, part: Of, wanted: Wanted) => usePart<WindowFigures>('figures', id, part, wanted)
export const useDistribution = (id: Id, part: Of, wanted: Wanted, latency: 'service' | 'plan') => usePart<Distribution>('distribution', id, part, wanted, { latency })
/** It lies on the axis of the whole run, so it begins with the warm-up. */
export const useHeatmap = (id: Id, part: Of, wanted: Wanted) => {
  const drawn = computed(() => ({ ...toValue(part), from: toValue(part).from ?? 0 }))
  return useQuery(computed(() => {
    const query = partQuery<HeatCells>('heatmap', toValue(id), drawn.value, CELLS)
    const step = (key: unknown) => (key as typeof query.queryKey | undefined)?.[2]
    // Cells of another step would lie under lines that are not theirs.
    const placeholderData = (known: HeatCells | null | undefined, before?: { queryKey: readonly unknown[] }) => ((step(before?.queryKey) as Part | undefined)?.step === drawn.value.step ? known : undefined)
    return { ...query, enabled: toValue(wanted), placeholderData }
  }))
}

const MOST_STEPS = 20
const POINTS = 3600

/** From the warm-up on: all requests together, and each of the first steps; null where the service has no such figures. */
export async function seriesOf(id: string, steps: readonly number[]): Promise<{ all: SeriesAnswer | null; steps: SeriesAnswer | null }> {
  const path = `${BASE}/${id}/series/`
  const wanted = steps.slice(0, MOST_STEPS).join(',')
  const [all, each] = await Promise.all([read<SeriesAnswer>(path, { from: 0, points: POINTS }), wanted ? read<SeriesAnswer>(path, { from: 0, points: 600, step: wanted }) : null])
  return { all, steps: each }
}

export const steer = {
  pause: (plan: number) => ask(api.POST('/api/performance/plans/{plan_id}/pause/', { params: { path: { plan_id: plan } } })),
  resume: (plan: number) => ask(api.POST('/api/performance/plans/{plan_id}/resume/', { params: { path: { plan_id: plan } } })),
  stop: (plan: number) => ask(api.POST('/api/performance/plans/{plan_id}/stop/', { params: { path: { plan_id: plan } } })),
  start: (plan: number) => ask(api.POST('/api/performance/plans/{plan_id}/start/', { params: { path: { plan_id: plan } } })),
  load: (execution: string, variable: Variable, level: number) =>
    ask(
      api.POST('/api/performance/executions/{execution_id}/load/', {
        params: { path: { execution_id: execution } },
        body: variable === 'vus' ? { vus: Math.round(level) } : { arrival_rate: level },
      }),
    ),
}

export function feedAddress(id: string): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws/performance/${id}/`
}

/** A token for the feed; rejects with a TypeError while the service is away, with a Problem once the session is over. */
export async function feedToken(fresh: boolean): Promise<Token> {
  const now = session.current.value?.token
  if (now === undefined) throw new Problem('', 401)
  const ends = expiry(now)
  if (!fresh && ends - Date.now() / 1000 > 5) return { text: now, expires: ends }
  const next = await session.refresh(now)
  if (next === null) {
    if (session.current.value === null) throw new Problem('', 401)
    throw new TypeError('no reply')
  }
  return { text: next, expires: expiry(next) }
}

/** When a token ends, by its own word. */
function expiry(token: string): number {
  try {
    const payload = JSON.parse(atob(token.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/'))) as { exp?: number }
    return payload.exp ?? Infinity
  } catch {
    return Infinity
  }
}

/** Why a feed cannot be joined. */
export async function probe(id: string): Promise<'ok' | 'down' | 'forbidden' | 'gone'> {
  try {
    const reply = await send(new Request(`${location.origin}${BASE}/${id}/`))
    if (reply.status === 403) return 'forbidden'
    if (reply.status === 404) return 'gone'
    return reply.ok ? 'ok' : 'down'
  } catch {
    return 'down'
  }
}
