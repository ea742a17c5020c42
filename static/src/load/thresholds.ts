/** Thresholds between their line (`p95{login} < 300 for 10s`) and the blanks of a sentence. */
export const METRICS = [
  'p50', 'p75', 'p90', 'p95', 'p99', 'p99.9', 'avg', 'min', 'max',
  'error_rate', 'success_rate', 'check_rate', 'rps', 'requests', 'errors',
] as const
export type Metric = (typeof METRICS)[number]

const OPERATORS = ['<', '<=', '>', '>=', '==', '!='] as const
export type Operator = (typeof OPERATORS)[number]

export interface Threshold {
  metric: Metric
  step: string | null
  operator: Operator
  limit: number
  /** Seconds in a row after which it is breached; null where the whole run is judged. */
  window: number | null
}

/** The kinds of sentence that an editor offers; any other threshold is shown as its line. */
export type Sentence = 'percentile' | 'average' | 'errors' | 'checks' | 'throughput' | 'line'

const GRAMMAR =
  /^\s*([a-z_]+[0-9.]*)\s*(?:\{\s*([^{}]+?)\s*\})?\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?)\s*(?:for\s+(\d+(?:\.\d+)?)\s*s)?\s*$/

/** The parts of a line; null where it is none. */
export function parseThreshold(line: string): Threshold | null {
  const match = GRAMMAR.exec(line)
  if (!match || !METRICS.includes(match[1] as Metric)) return null
  const window = match[5] === undefined ? null : Number(match[5])
  if (window !== null && !(Number.isInteger(window) && window >= 1 && window <= 3600)) return null
  return {
    metric: match[1] as Metric,
    step: match[2] ?? null,
    operator: match[3] as Operator,
    limit: Number(match[4]),
    window,
  }
}

export function lineOf(threshold: Threshold): string {
  const step = threshold.step ? `{${threshold.step}}` : ''
  const window = threshold.window ? ` for ${threshold.window}s` : ''
  return `${threshold.metric}${step} ${threshold.operator} ${threshold.limit}${window}`
}

const BELOW = new Set<Operator>(['<', '<='])
const ABOVE = new Set<Operator>(['>', '>='])

export function sentenceOf(threshold: Threshold): Sentence {
  const { metric, operator } = threshold
  const below = BELOW.has(operator)
  const above = ABOVE.has(operator)
  if (/^p\d/.test(metric) && below) return 'percentile'
  if (metric === 'avg' && below) return 'average'
  if (metric === 'error_rate' && below) return 'errors'
  if (metric === 'check_rate' && above) return 'checks'
  return metric === 'rps' && above ? 'throughput' : 'line'
}

/** A first rule of each kind, to be changed. */
export const FIRST: Record<Exclude<Sentence, 'line'>, Threshold> = {
  percentile: { metric: 'p95', step: null, operator: '<', limit: 300, window: null },
  average: { metric: 'avg', step: null, operator: '<', limit: 200, window: null },
  errors: { metric: 'error_rate', step: null, operator: '<=', limit: 1, window: null },
  checks: { metric: 'check_rate', step: null, operator: '>=', limit: 99.9, window: null },
  throughput: { metric: 'rps', step: null, operator: '>=', limit: 100, window: null },
}

export function unitOf(metric: Metric): 'ms' | '%' | 'per second' | 'count' {
  if (/^p\d|^avg$|^min$|^max$/.test(metric)) return 'ms'
  if (metric.endsWith('_rate')) return '%'
  return metric === 'rps' ? 'per second' : 'count'
}

export function holds(threshold: Threshold, value: number): boolean {
  const { operator, limit } = threshold
  if (operator === '<') return value < limit
  if (operator === '<=') return value <= limit
  if (operator === '>') return value > limit
  if (operator === '>=') return value >= limit
  return operator === '==' ? value === limit : value !== limit
}

/** Errors, in percent, from which on the latency of a run is no measure of what the target can do. */
const BROKEN = 10

interface Measured {
  percentiles: Record<string, number | null>
  validity: string | null
  errorRate: number | null
}

/** A limit from the last p95, where no rule guards the latency of all requests yet and the run is one to go by. */
export function proposedLimit({ percentiles, validity, errorRate }: Measured, lines: readonly string[]): { p95: number; limit: number } | null {
  const p95 = percentiles.p95
  const guarded = lines.some((line) => /^p\d/.test(line) && !line.includes('{'))
  if (p95 == null || guarded || validity === 'INVALID' || (errorRate ?? 0) >= BROKEN) return null
  const power = 10 ** Math.max(0, Math.floor(Math.log10(p95 * 1.2)) - 1)
  return { p95, limit: Math.ceil((p95 * 1.2) / power / 5) * 5 * power }
}
