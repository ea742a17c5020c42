/** Thresholds between their line (`p95{login} < 300 for 10s`) and the blanks of a sentence. */
export const METRICS = [
  'p50', 'p75', 'p90', 'p95', 'p99', 'p99.9', 'avg', 'min', 'max',
  'error_rate', 'success_rate', 'check_rate', 'rps', 'requests', 'errors',
] as const
export type Metric = (typeof METRICS)[number]

const OPERATORS = ['<', '<=', '>', '>=', '==', '!='] as const
type Operator = (typeof OPERATORS)[number]

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
  /^\s*([a-z_]+[0-9.]*)\s*(?:\{\s*(?:("(?:[^"\\]|\\.)*")|([^{}"][^{}]*?))\s*\})?\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?)\s*(%|\/?[A-Za-z]+)??\s*(?:\bfor\s+([\d.hms ]+?))?\s*$/
const PERCENTILE = /^(?:plan_)?p\d{1,2}(?:\.\d{1,6})?$/
const OTHERS = new Set(['plan_avg', 'plan_max', 'bytes', 'bytes_sent', 'bytes_received', 'iterations', 'dropped', 'late'])
const UNITS: Readonly<Record<ReturnType<typeof unitOf>, Readonly<Record<string, number>>>> = {
  ms: { '': 1, ms: 1, s: 1000 },
  '%': { '': 1, '%': 1 },
  'per second': { '': 1, '/s': 1, '/m': 1 / 60, '/min': 1 / 60 },
  bytes: { '': 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 },
  count: { '': 1 },
}
const WINDOW = /^(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?$/

/** A line as input methods for Chinese may have it, with its signs as the grammar has them. */
function halfWidth(line: string): string {
  return line.replaceAll(/[！％０-９．／＜＝＞｛｝]/g, (sign) => String.fromCodePoint(sign.codePointAt(0)! - 0xfee0))
}

function secondsOf(text: string): number {
  const [, hours = 0, minutes = 0, seconds = 0] = WINDOW.exec(text.replaceAll(' ', '')) ?? [0, 0, 0, 0]
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
}

/** The parts of a line; null where it is none. */
export function parseThreshold(line: string): Threshold | null {
  const match = GRAMMAR.exec(halfWidth(line))
  if (!match) return null
  const metric = match[1] as Metric
  if (!METRICS.includes(metric) && !OTHERS.has(metric) && !(PERCENTILE.test(metric) && Number(metric.replace(/^\D+/, '')) > 0)) return null
  const kind = unitOf(metric)
  const factor = UNITS[kind][kind === 'bytes' ? (match[6] ?? '').toLowerCase() : (match[6] ?? '')]
  const window = match[7] === undefined ? null : secondsOf(match[7])
  if (factor === undefined || (window !== null && !(Number.isInteger(window) && window >= 1 && window <= 3600))) return null
  return {
    metric,
    step: match[2] === undefined ? (match[3] ?? null) : (JSON.parse(match[2]) as string),
    operator: match[4] as Operator,
    limit: Number((Number(match[5]) * factor).toFixed(9)),
    window,
  }
}

export function lineOf(threshold: Threshold): string {
  const quoted = threshold.step !== null && /[{}"]|^\s|\s$/.test(threshold.step)
  const step = threshold.step ? `{${quoted ? JSON.stringify(threshold.step) : threshold.step}}` : ''
  const window = threshold.window ? ` for ${threshold.window}s` : ''
  return `${threshold.metric}${step} ${threshold.operator} ${threshold.limit}${window}`
}

const BELOW = new Set<Operator>(['<', '<='])
const ABOVE = new Set<Operator>(['>', '>='])

export function sentenceOf(threshold: Threshold): Sentence {
  const { metric, operator } = threshold
  const below = BELOW.has(operator)
  const above = ABOVE.has(operator)
  if (/^p\d/.test(metric) && METRICS.includes(metric) && below) return 'percentile'
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

export function unitOf(metric: Metric): 'ms' | '%' | 'per second' | 'bytes' | 'count' {
  if (/^(?:plan_)?p\d|^(?:plan_)?(?:avg|max)$|^min$/.test(metric)) return 'ms'
  if (metric.endsWith('_rate')) return '%'
  if (metric.startsWith('bytes')) return 'bytes'
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
