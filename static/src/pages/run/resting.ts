// Figures of the whole window, for the read-out of the charts where there is no cursor.
import type { WindowFigures } from '@/api/execution'
import type { N } from '@/run/frames'
import { PERCENTILES } from './percentile'
import type { RunView } from './view'

/** Requests per second of running time, as among the figures of the window; null where they are not known. */
export function throughputOf({ report, step, window }: RunView, figures: WindowFigures | null): N {
  const told = window.value ? null : report.value
  if (step.value === null) return figures?.summary.rps ?? told?.summary.throughput ?? null
  return (figures ?? told)?.steps.find((each) => each.index === step.value)?.rps ?? null
}

/** Exact from merged histograms; else of the whole run from its report; else not known, for percentiles cannot be averaged. */
export function restOf(view: RunView, figures: WindowFigures | null, figure: string): N {
  const { report, step, window } = view
  const plan = figure.startsWith('plan')
  const name = plan ? `p${figure.slice(5)}` : figure
  if (!(PERCENTILES as readonly string[]).includes(name)) return null
  const index = step.value
  if (figures) {
    const block = index === null ? figures.summary : figures.steps.find((each) => each.index === index)
    const percentiles = plan ? block?.latency_from_plan?.percentiles : block?.percentiles
    return percentiles?.[name as 'p95'] ?? null
  }
  if (!report.value || window.value) return null
  if (index !== null) {
    const row = report.value.steps.find((each) => each.index === index)
    return (plan ? row?.latency_from_plan?.percentiles : row?.percentiles)?.[name as 'p95'] ?? null
  }
  return (plan ? report.value.latency_from_plan?.percentiles : report.value.summary.percentiles)?.[name as 'p95'] ?? null
}
