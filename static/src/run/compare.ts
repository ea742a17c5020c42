/** Runs side by side: how far a figure is from that of the base, and how much of that is noise. */
import type { N } from './frames'
import type { Report, StepRow } from './report'

export type Figure = 'throughput' | 'errorRate' | 'avg' | 'p50' | 'p95' | 'p99' | 'planP95'
/** more, less: a change beyond the noise · same: surely below the margin · unsure: too noisy · short: no steady load to judge by. */
type Judgement = 'more' | 'less' | 'same' | 'unsure' | 'short'

export interface Difference {
  /** Percent of the base; percentage points of an error rate. */
  change: number
  /** Half of the interval in which the real change lies with 98 %; null where it cannot be told. */
  noise: number | null
  judgement: Judgement
}

/** What a figure is on average over each block of the steady load. */
type Blocks = number[]

interface Spread {
  mean: number
  error: number
  freedom: number
}

const BLOCKS = 20
const FEWEST = 6
const BLOCK_S = 5
const WARM_UP = 0.1
/** Two runs of one plan differ by about this much even without any change: relative standard deviation. */
const BETWEEN_RUNS = 0.02
const MARGIN: Record<Figure, number> = { throughput: 5, errorRate: 0.5, avg: 5, p50: 5, p95: 5, p99: 10, planP95: 5 }

export function valueOf(report: Report, figure: Figure): N {
  const { summary } = report
  if (figure === 'throughput') return summary.throughput
  if (figure === 'errorRate') return summary.error_rate
  if (figure === 'avg') return summary.avg_response_time
  if (figure === 'planP95') return report.latency_from_plan?.percentiles?.p95 ?? null
  return summary.percentiles?.[figure] ?? null
}

export function stepValue(step: StepRow | undefined, figure: Figure): N {
  if (!step) return null
  if (figure === 'throughput') return step.rps
  if (figure === 'errorRate') return step.error_rate
  if (figure === 'avg') return step.avg
  if (figure === 'planP95') return step.latency_from_plan?.percentiles?.p95 ?? null
  return step.percentiles?.[figure] ?? null
}

/** How a run differs from the base in one figure. */
export function difference(base: Report, other: Report, figure: Figure): Difference | null {
  return judged(figure, valueOf(base, figure), valueOf(other, figure), blocksOf(base, figure), blocksOf(other, figure))
}

/** The same of the step of this name. */
export function stepDifference(base: Report, other: Report, name: string, figure: Figure): Difference | null {
  const [before, after] = [base, other].map((report) => stepValue(report.steps.find((step) => step.name === name), figure))
  return judged(figure, before!, after!, stepBlocks(base, name, figure), stepBlocks(other, name, figure))
}

export function judged(figure: Figure, before: N, after: N, base: Blocks, other: Blocks): Difference | null {
  if (before === null || after === null) return null
  const points = figure === 'errorRate'
  if (!points && before === 0) return null
  const change = points ? after - before : (after / before - 1) * 100
  if (base.length < FEWEST || other.length < FEWEST) return { change, noise: null, judgement: 'short' }
  const noise = noiseOf(spread(base), spread(other), points)
  return { change, noise, judgement: verdict(change, noise, MARGIN[figure]) }
}

function verdict(change: number, noise: number, margin: number): Judgement {
  if (Math.abs(change) > noise && Math.abs(change) >= margin / 2) return change > 0 ? 'more' : 'less'
  return Math.abs(change) + noise <= margin ? 'same' : 'unsure'
}

/** Welch's interval of 98 %, in percent of the base or in percentage points, with what runs differ by themselves. */
function noiseOf(base: Spread, other: Spread, points: boolean): number {
  const size = ({ mean, error }: Spread) => (points ? error : error / (Math.abs(mean) || 1))
  const [a, b] = [size(base) ** 2, size(other) ** 2]
  const own = points ? 0 : 2 * BETWEEN_RUNS ** 2
  const freedom = a + b > 0 ? (a + b) ** 2 / (a ** 2 / base.freedom + b ** 2 / other.freedom) : base.freedom
  const half = studentT(freedom) * Math.sqrt(a + b + own)
  return points ? half : half * 100
}

/** The 99 % point of Student's t distribution (Cornish–Fisher). */
function studentT(freedom: number): number {
  const z = 2.3263
  return z + (z ** 3 + z) / (4 * freedom) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2)
}

function spread(blocks: Blocks): Spread {
  const mean = blocks.reduce((sum, value) => sum + value, 0) / blocks.length
  const variance = blocks.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (blocks.length - 1)
  return { mean, error: Math.sqrt(variance / blocks.length), freedom: blocks.length - 1 }
}

/** The time of the steady load: the plan at its top, without the first tenth. Null where the load is moved on purpose. */
export function steadyTime({ series, search }: Report): { from: number; to: number } | null {
  if (search) return null
  const rates = (series.planned_rate ?? []) as N[]
  const planned = rates.some(Boolean) ? rates : ((series.planned_users ?? []) as N[])
  const top = Math.max(0, ...planned.map((level) => level ?? 0))
  const steady = series.timestamps.filter((_, point) => series.paused[point] !== true && (planned[point] ?? top) >= top * 0.99)
  if (!steady.length) return null
  const [first, last] = [steady[0]!, steady.at(-1)!]
  return { from: first + (last - first) * WARM_UP, to: last }
}

const SERIES: Record<Figure, string> = { throughput: 'throughput', errorRate: 'error_rate', avg: 'avg', p50: 'p50', p95: 'p95', p99: 'p99', planP95: 'p95' }

function blocksOf(report: Report, figure: Figure): Blocks {
  const { series } = report
  const source = figure === 'planP95' ? series.latency_from_plan : series
  return blocks(report, series.timestamps, series.width, (source as Record<string, N[]> | undefined)?.[SERIES[figure]], series.paused)
}

function stepBlocks(report: Report, name: string, figure: Figure): Blocks {
  const index = report.steps.find((step) => step.name === name)?.index
  const { timestamps, width, steps } = report.step_series
  return blocks(report, timestamps, width, steps.find((step) => step.index === index)?.[SERIES[figure]])
}

function blocks(report: Report, timestamps: number[], width: number, values: N[] | undefined, paused?: boolean[]): Blocks {
  const time = steadyTime(report)
  if (!time || !values) return []
  const kept = timestamps.flatMap((at, point) => {
    const value = values[point]
    return at >= time.from && at + width <= time.to + 1 && !paused?.[point] && value !== null && value !== undefined ? [value] : []
  })
  const count = Math.min(BLOCKS, Math.floor((kept.length * width) / BLOCK_S))
  return Array.from({ length: count }, (_, block) => {
    const part = kept.slice(Math.floor((block * kept.length) / count), Math.floor(((block + 1) * kept.length) / count))
    return part.reduce((sum, value) => sum + value, 0) / part.length
  })
}

/** Whether more of a figure is worse. */
export function worse(figure: Figure, judgement: Judgement): boolean {
  return judgement === (figure === 'throughput' ? 'less' : 'more')
}

/** Values of runs that are not alike in all of them, by their path in the config. */
export function configDifferences(configs: readonly unknown[]): { path: string; values: string[] }[] {
  const flat = configs.map((config) => new Map(leaves(config, '')))
  const paths = [...new Set(flat.flatMap((one) => [...one.keys()]))]
  return paths.flatMap((path) => {
    const values = flat.map((one) => one.get(path) ?? '–')
    return values.every((value) => value === values[0]) ? [] : [{ path, values }]
  })
}

const OWN = /^(execution_id|seed)$/

function leaves(value: unknown, path: string): [string, string][] {
  if (OWN.test(path)) return []
  if (Array.isArray(value)) return value.flatMap((one, at) => leaves(one, `${path}[${at}]`))
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path ? `${path}.${key}` : key))
  }
  return value === null || value === undefined ? [] : [[path, String(value)]]
}
