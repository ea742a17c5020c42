/** What the report itself does not hold over time: errors by class, and all figures of each step. */

import type { N } from './frames'
import type { Run } from './run'

export interface SeriesAnswer {
  width: number
  timestamps: number[]
  series: StepFigures[]
}
type Lists = Record<string, N[] | undefined>
interface StepFigures {
  index: N
  name: string | null
  rps: N[]
  errors: number[]
  error_rate: N[]
  p50: N[]
  p90: N[]
  p95: N[]
  p99: N[]
  max: N[]
  failures: Record<string, number[]>
  counters: Lists
  gauges: Lists
}

/** Errors by class, put beside the figures of the same seconds. */
export function addClasses(run: Run, answer: SeriesAnswer): void {
  const classes = Object.entries(answer.series[0]?.failures ?? {})
  answer.timestamps.forEach((time, point) => {
    const row = run.main.rowAt(time)
    if (row < 0 || run.main.at('rps', row) === null) return
    for (const [name, counts] of classes) run.main.set(`class:${name}`, row, (counts[point] ?? 0) / answer.width)
  })
}

/** All figures of steps, in place of the few that the report has. */
export function replaceSteps(run: Run, answer: SeriesAnswer): void {
  run.steps.clear()
  answer.timestamps.forEach((time, point) => {
    const row = run.steps.push(time, answer.width)
    if (row < 0) return
    for (const step of answer.series) writeFigures(run, row, step, point, answer.width)
  })
}

function writeFigures(run: Run, row: number, step: StepFigures, point: number, width: number): void {
  const name = (figure: string) => `${step.index}:${figure}`
  const paused = step.p95[point] === null && !step.rps[point]
  run.steps.set(name('rps'), row, paused ? null : step.rps[point])
  run.steps.set(name('errors'), row, paused ? null : (step.errors[point] ?? 0) / width)
  run.steps.set(name('errorRate'), row, step.error_rate[point])
  for (const figure of ['p50', 'p90', 'p95', 'p99', 'max'] as const) run.steps.set(name(figure), row, step[figure][point])
  for (const [counter, values] of Object.entries(step.counters)) run.steps.set(name(`counter:${counter}`), row, values?.[point] ?? null)
  for (const [gauge, values] of Object.entries(step.gauges)) run.steps.set(name(`gauge:${gauge}`), row, values?.[point] ?? null)
}
