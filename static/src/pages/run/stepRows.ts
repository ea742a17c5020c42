// Rows of the step table: of the last seconds while the run goes on, of the window once there are exact figures.
import type { WindowFigures } from '@/api/execution'
import type { N, SceneTree } from '@/run/frames'
import { meanOf } from '@/run/littlesLaw'
import type { Phase, Report } from '@/run/report'
import type { Run } from '@/run/run'

export interface StepLine {
  index: number
  name: string
  group: boolean
  rps: N
  p50: N
  p95: N
  p99: N
  fromPlan: N
  max: N
  errorRate: N
  errors: N
  phases: Record<string, Phase>
  requests: number
}
export interface StepGroup {
  name: string
  share: number | null
  lines: StepLine[]
}
const RECENT_S = 10

export function liveLines(run: Run): StepLine[] {
  const { steps } = run
  const last = steps.length - 1
  const sums = (index: number, name: string) => {
    const column = steps.column(`${index}:${name}`)
    let sum = 0
    for (const value of column) if (!Number.isNaN(value)) sum += value
    return sum
  }
  return [...run.stepNames].map(([index, name]) => {
    // What was before this page was opened has p95 alone: a mean over other seconds than those of p99 would not go with it.
    const known = rowsKnown(steps, `${index}:p99`, last)
    const mean = (figure: string) => meanOf(steps, `${index}:${figure}`, last, known)
    const [requests, errors] = [sums(index, 'rps'), sums(index, 'errors')]
    return { index, name, group: isGroup(run, index), rps: mean('rps'), p50: mean('p50'), p95: mean('p95'), p99: mean('p99'), fromPlan: mean('planP95'), max: mean('max'), errorRate: requests ? (errors / requests) * 100 : null, errors: Math.round(errors), phases: {}, requests: Math.round(requests) }
  })
}

/** How many of the last rows are told in full; all that are wanted where none is. */
function rowsKnown(steps: Run['steps'], column: string, last: number): number {
  let rows = 0
  while (rows < RECENT_S && last - rows >= 0 && (steps.at(column, last - rows) !== null || rows === 0)) rows++
  return steps.at(column, last) === null ? RECENT_S : rows
}

export function reportLines(report: Report, figures: WindowFigures | null | undefined): StepLine[] {
  const steps = figures?.steps ?? report.steps
  return steps.map((step) => ({
    index: step.index,
    name: step.name,
    group: step.type === 'group',
    rps: step.rps,
    p50: step.percentiles.p50 ?? null,
    p95: step.percentiles.p95 ?? null,
    p99: step.percentiles.p99 ?? null,
    fromPlan: step.latency_from_plan?.percentiles.p95 ?? null,
    max: step.max,
    errorRate: step.requests ? step.error_rate : null,
    errors: step.errors,
    phases: step.phases,
    requests: step.requests,
  }))
}

/** Under the scenes they belong to, where these are known; else all in one. */
export function grouped(lines: StepLine[], scenes: readonly SceneTree[]): StepGroup[] {
  if (!scenes.length) return [{ name: '', share: null, lines }]
  const weight = scenes.reduce((sum, scene) => sum + scene.weight, 0) || 1
  const placed = new Set<number>()
  const groups = scenes.map((scene) => {
    const own = new Set(scene.steps.flatMap((step) => (step.index === null ? [] : [step.index])))
    own.forEach((index) => placed.add(index))
    return { name: scene.name, share: (scene.weight / weight) * 100, lines: lines.filter((line) => own.has(line.index)) }
  })
  const rest = lines.filter((line) => !placed.has(line.index))
  return [...groups, ...(rest.length ? [{ name: '', share: null, lines: rest }] : [])].filter((group) => group.lines.length)
}

export type SortKey = 'name' | 'rps' | 'p50' | 'p95' | 'p99' | 'fromPlan' | 'max' | 'errorRate' | 'errors'

export function sorted(lines: StepLine[], key: SortKey | null, down: boolean): StepLine[] {
  if (!key) return lines
  const sign = down ? -1 : 1
  return [...lines].toSorted((a, b) => {
    if (key === 'name') return sign * a.name.localeCompare(b.name)
    return sign * ((a[key] ?? -Infinity) - (b[key] ?? -Infinity))
  })
}

function isGroup(run: Run, index: number): boolean {
  return run.info?.scenes.some((scene) => scene.steps.some((step) => step.index === index && step.type === 'group')) ?? false
}
