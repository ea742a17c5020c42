// Rows of the step table: of the last seconds while the run goes on, of the window once there are exact figures.
import type { WindowFigures } from '@/api/execution'
import type { N, Percentiles, SceneTree } from '@/run/frames'
import { maxOf, meanOf } from '@/run/littlesLaw'
import type { Phase, Report } from '@/run/report'
import type { Run } from '@/run/run'
import { fromPlan, PERCENTILES, type Percentile } from './percentile'

/** Figures of a row; all requests have them together, below the steps. */
export interface TotalLine {
  rps: N
  percentiles: Percentiles
  /** Percentiles counted from plan; null where there is no plan. */
  plan: Percentiles | null
  max: N
  errorRate: N
  errors: N
}
export interface StepLine extends TotalLine {
  index: number
  name: string
  group: boolean
  phases: Record<string, Phase>
  requests: number
}
/** A row as the table has it: below which group, and how deep. */
export interface PlacedLine extends StepLine {
  parent: number | null
  depth: number
}
/** What is folded: a scene by its key, a group by its index. */
export type Fold = string | number
export interface StepGroup {
  key: string
  name: string
  share: number | null
  lines: PlacedLine[]
}
export interface StepColumn {
  key: SortKey
  title: string
  unit: string
  text: (line: TotalLine) => string
  minor?: boolean
}
/** A row with its texts, in the order of the columns. */
export interface StepTexts {
  line: PlacedLine
  cells: readonly string[]
}
const RECENT_S = 10

export function liveLines(run: Run): StepLine[] {
  const { steps } = run
  const last = steps.length - 1
  // What was before this page was opened has p95 alone: a mean over other seconds than those of p99 would not go with it.
  const known = Math.min(RECENT_S, steps.length - run.earlierSteps) || RECENT_S
  return [...run.stepNames].map(([index, name]) => {
    const mean = (figure: string) => meanOf(steps, `${index}:${figure}`, last, known)
    const { requests, errors } = run.stepCounts.get(index) ?? { requests: 0, errors: 0 }
    return { index, name, group: isGroup(run, index), rps: mean('rps'), ...percentilesOf(mean), max: maxOf(steps, `${index}:max`, last, known), errorRate: requests ? (errors / requests) * 100 : null, errors: Math.round(errors), phases: {}, requests: Math.round(requests) }
  })
}

export function liveTotal({ main, latest }: Run): TotalLine {
  const mean = (figure: string) => meanOf(main, figure, main.length - 1, RECENT_S)
  const [requests, errors] = [latest?.total_requests ?? 0, latest?.total_errors ?? 0]
  return { rps: mean('rps'), ...percentilesOf(mean), max: maxOf(main, 'max', main.length - 1, RECENT_S), errorRate: requests ? (errors / requests) * 100 : null, errors }
}

export function reportTotal(report: Report, figures: WindowFigures | null | undefined): TotalLine {
  const block = figures?.summary
  const { summary, latency_from_plan: plan } = report
  if (block) return { rps: block.rps, percentiles: block.percentiles, plan: block.latency_from_plan?.percentiles ?? null, max: block.max, errorRate: block.requests ? block.error_rate : null, errors: block.errors }
  return { rps: summary.throughput, percentiles: summary.percentiles, plan: plan?.percentiles ?? null, max: summary.max_response_time ?? null, errorRate: summary.total_requests ? summary.error_rate : null, errors: summary.error_count }
}

function percentilesOf(mean: (figure: string) => N): Pick<TotalLine, 'percentiles' | 'plan'> {
  const each = (column: (name: Percentile) => string) => {
    const found: Percentiles = {}
    for (const name of PERCENTILES) found[name] = mean(column(name))
    return found
  }
  const plan = each(fromPlan)
  return { percentiles: each((name) => name), plan: Object.values(plan).some((value) => value !== null) ? plan : null }
}

export function reportLines(report: Report, figures: WindowFigures | null | undefined): StepLine[] {
  const steps = figures?.steps ?? report.steps
  return steps.map((step) => ({
    index: step.index,
    name: step.name,
    group: step.type === 'group',
    rps: step.rps,
    percentiles: step.percentiles,
    plan: step.latency_from_plan?.percentiles ?? null,
    max: step.max,
    errorRate: step.requests ? step.error_rate : null,
    errors: step.errors,
    phases: step.phases,
    requests: step.requests,
  }))
}

/** Under the scenes they belong to, where these are known; else all in one. */
export function grouped(lines: StepLine[], scenes: readonly SceneTree[]): StepGroup[] {
  if (!scenes.length) return [ungrouped(lines)]
  const weight = scenes.reduce((sum, scene) => sum + scene.weight, 0) || 1
  const placed = new Set<number>()
  const groups = scenes.map((scene, at) => {
    const parents = new Map(scene.steps.flatMap((step) => (step.index === null ? [] : [[step.index, step.parent] as const])))
    for (const index of parents.keys()) placed.add(index)
    const own = lines.filter((line) => parents.has(line.index))
    return { key: `scene ${at}`, name: scene.name, share: (scene.weight / weight) * 100, lines: own.map((line) => ({ ...line, parent: parents.get(line.index)!, depth: around(line.index, parents).length })) }
  })
  const rest = lines.filter((line) => !placed.has(line.index))
  return [...groups, ...(rest.length ? [ungrouped(rest)] : [])].filter((group) => group.lines.length)
}

export function ungrouped(lines: StepLine[]): StepGroup {
  return { key: 'rest', name: '', share: null, lines: lines.map((line) => ({ ...line, parent: null, depth: 0 })) }
}

/** The groups around a step, the innermost first. */
function around(index: number, parents: ReadonlyMap<number, number | null>): number[] {
  const parent = parents.get(index) ?? null
  return parent === null ? [] : [parent, ...around(parent, parents)]
}

/** The rows that are left when groups are folded: those in none of them. */
export function unfolded(lines: readonly PlacedLine[], folded: ReadonlySet<Fold>): PlacedLine[] {
  const parents = new Map(lines.map((line) => [line.index, line.parent]))
  return lines.filter((line) => !around(line.index, parents).some((group) => folded.has(group)))
}

export type SortKey = 'name' | 'rps' | Percentile | `plan ${Percentile}` | 'max' | 'errorRate' | 'errors'

function figureOf(line: TotalLine, key: Exclude<SortKey, 'name'>): N {
  if (key.startsWith('plan ')) return line.plan?.[key.slice(5) as Percentile] ?? null
  if (key.startsWith('p')) return line.percentiles[key as Percentile] ?? null
  return line[key as 'rps' | 'max' | 'errorRate' | 'errors']
}

export function sorted(lines: StepLine[], key: SortKey | null, down: boolean): StepLine[] {
  if (!key) return lines
  const sign = down ? -1 : 1
  return [...lines].toSorted((a, b) => {
    if (key === 'name') return sign * a.name.localeCompare(b.name)
    return sign * ((figureOf(a, key) ?? -Infinity) - (figureOf(b, key) ?? -Infinity))
  })
}

function isGroup(run: Run, index: number): boolean {
  return run.info?.scenes.some((scene) => scene.steps.some((step) => step.index === index && step.type === 'group')) ?? false
}

/** Rows in words. One whose texts are those of before is the same object, so that nothing of it is drawn again. */
export function rowKeeper(): (line: PlacedLine, columns: readonly StepColumn[]) => StepTexts {
  const kept = new Map<number, StepTexts>()
  return (line, columns) => {
    const cells = columns.map((column) => column.text(line))
    const before = kept.get(line.index)
    const { name, parent, depth, phases } = before?.line ?? {}
    const known = before?.cells.length === cells.length && before.cells.every((text, at) => text === cells[at])
    const still = name === line.name && parent === line.parent && depth === line.depth && !Object.keys(phases ?? line.phases).length
    if (before && known && still) return before
    const row = { line, cells }
    kept.set(line.index, row)
    return row
  }
}
