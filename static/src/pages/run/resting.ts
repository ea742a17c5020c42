// Figures of the whole window, for the read-out of the charts where there is no cursor.
import type { WindowFigures } from '@/api/execution'
import type { N } from '@/run/frames'
import { PERCENTILES } from './percentile'
import type { RunView } from './view'

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
