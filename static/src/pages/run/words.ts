// Values of a run in words of the language in use.
import { CircleStop, Flame, Gauge, Pause, Server, ServerOff, SlidersHorizontal, TriangleAlert, X, type LucideIcon } from '@lucide/vue'
import { language, t, type Key } from '@/i18n'
import { clock, ms, NONE, num, percent, rate, short } from '@/i18n/format'
import { parseThreshold, unitOf } from '@/load/thresholds'
import type { Pin } from '@/charts/MarkRow.vue'
import type { N, Text, Variable } from '@/run/frames'
import { errorName } from '@/parts/errorName'
import type { Mark } from '@/run/marks'

const MOMENTS = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g

/** The words of a text that the service sends in both languages, as a sentence, its times in the viewer's zone. */
export function said(text: Text | null | undefined): string {
  const words = (text?.[language.value] ?? '').replaceAll(MOMENTS, (time) => clock(time))
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** A moment in words. */
type When = (time: number, seconds?: boolean) => string

/** The moment or the time of a pin. */
export function pinTime({ from, to }: { from: number; to: number | null }, when: When): string {
  return to === null ? when(from) : `${when(from)} – ${when(to)}`
}

/** How many requests failed, and of what: the most frequent classes with their share of all errors. */
export function failuresText(requests: number, errors: number, classes: Readonly<Record<string, number>>): string {
  if (!requests) return ''
  if (!errors) return t('run.verdict.noErrors', { n: num(requests) })
  const sorted = Object.entries(classes).toSorted(([, a], [, b]) => b - a)
  const share = (part: number, all: number) => `${percent((part / all) * 100)}${FIXED_SPACE}%`
  const named = sorted.slice(0, NAMED).map(([name, count]) => t('run.verdict.cause', { name: errorName(name), share: share(count, errors) }))
  if (sorted.length > NAMED) named.push(t('run.verdict.moreCauses', {}, sorted.length - NAMED))
  return t('run.verdict.errorShare', { n: num(requests), share: share(errors, requests), causes: named.join(t('run.verdict.comma')) })
}
const NAMED = 3
const FIXED_SPACE = '\u00A0'

/** What became of requests where none came to a result; empty where none was under way. */
export function cutOffText({ total_requests: requests, cut_off: cut }: { total_requests: number; cut_off?: number }): string {
  return !requests && cut ? t('run.errors.cutOff', {}, cut) : ''
}

/** “600/s”, or “150” users. */
export function levelText(level: N | undefined, variable: Variable): string {
  if (level === null || level === undefined) return NONE
  return variable === 'vus' ? num(level) : `${rate(level)}/s`
}

/** The name of a metric that is held, as a part of a sentence. */
export function heldName(metric: string): string {
  return t(`plans.metric.${metric}` as Key)
}

/** The same as a title, and its unit. */
export function heldTitle(metric: string): [string, string] {
  const name = heldName(metric)
  return [name === metric ? name : name.charAt(0).toUpperCase() + name.slice(1), valueParts(`${metric} < 1`, 1)[1]]
}

/** A value of a threshold's figure with its unit. */
export function valueText(expression: string, value: N | undefined): string {
  const metric = parseThreshold(expression)?.metric
  if (value === null || value === undefined || !metric) return NONE
  const unit = unitOf(metric)
  if (unit === 'ms') return `${ms(value)} ms`
  if (unit === '%') return `${percent(value)} %`
  return unit === 'per second' ? `${rate(value)}/s` : num(value)
}

/** The same, number and unit apart. */
export function valueParts(expression: string, value: N | undefined): [string, string] {
  const text = valueText(expression, value)
  const at = text.search(/ (ms|%)$|\/s$/)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at).trim()]
}

const ICONS: Record<Mark['kind'], LucideIcon> = { warmUp: Flame, pause: Pause, load: SlidersHorizontal, auto: Gauge, node: Server, threshold: X, validity: TriangleAlert, stop: CircleStop }
const NODE_CHANGES = new Set(['lost', 'joined', 'returned', 'replaced'])

export function pinOf(mark: Mark, when: When): Pin {
  return { at: mark.at, to: mark.to, tone: mark.tone, icon: mark.change === 'lost' ? ServerOff : ICONS[mark.kind], text: markText(mark, when), why: whyOf(mark, when) }
}

function markText(mark: Mark, when: When): string {
  const level = levelText(mark.level ?? null, mark.variable ?? 'vus')
  switch (mark.kind) {
    case 'warmUp':
      return t('run.marks.warmUp', { seconds: num(mark.seconds) })
    case 'pause':
      return mark.seconds ? t('run.marks.pause', { seconds: short(mark.seconds) }) : t('run.marks.paused')
    case 'load':
      return t('run.marks.load', { by: mark.by ?? '', at: when(mark.at, false), level })
    case 'auto':
      return t('run.marks.auto', { level })
    case 'node':
      return t(`run.marks.node.${NODE_CHANGES.has(mark.change ?? '') ? mark.change : 'resplit'}` as Key, { node: mark.node ?? '' })
    case 'threshold':
      return t(mark.state === 'mended' ? 'run.marks.mended' : 'run.marks.threshold', { rule: mark.expression ?? '' })
    case 'validity':
      return t('run.marks.validity', { state: t(`run.validity.${mark.state as 'SUSPECT'}`) })
    case 'stop':
      return mark.by ? t('run.marks.stop', { by: mark.by }) : t('run.marks.stopPlain')
  }
}

function whyOf(mark: Mark, when: When): string {
  const words = [when(mark.at), markText(mark, when), said(mark.reason), mark.kind === 'pause' ? (mark.by ?? '') : '']
  return words.filter(Boolean).join(' · ')
}
