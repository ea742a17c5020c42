// The lanes of the sheet: what each shows of the run, for all requests or for the step in focus.
import type { LaneSpec, Line } from '@/charts/lane'
import { callout, curve } from '@/charts/ground'
import { scaleOf } from '@/charts/paths'
import { t } from '@/i18n'
import { num, rate } from '@/i18n/format'
import { LAG_MS, overlaps } from '@/run/fit'
import { levelAt, peakOf } from '@/run/course'
import { missingLoad, type MissingSpan } from '@/run/missing'
import { COLOURED, errorTokens } from '@/run/errorClasses'
import { DerivedColumns } from '@/run/derivedColumns'
import type { Track } from '@/run/track'
import type { RunView } from './view'
import { errorName } from '@/parts/errorName'

const NOTHING = new DerivedColumns()
/** A column of a line that is not drawn from the data. */
export function blank(track: Track): Float32Array {
  return NOTHING.column(0, track, '', () => NaN)
}

const inMean = (value: string) => t('run.sheet.mean', { value })
const inAll = (value: string) => t('run.sheet.total', { value })
const whole = (value: number) => num(value)

type Range = [number, number]
export interface Maker {
  view: RunView
  range: () => Range
  unfit: () => boolean
}

export function maker(view: RunView): Maker {
  const range = (): Range => [view.shown.value.from, view.shown.value.to]
  return { view, range, unfit: () => overlaps(view.run.value.unfit, ...range()) }
}

export function loadLane({ view, range, unfit }: Maker): LaneSpec {
  const users = view.variable.value === 'vus'
  const { real } = columnsOf(view)
  const main = () => view.run.value.main
  const format = (value: number | null) => (users ? num(value) : rate(value))
  const mean = (name: string) => () => main().meanIn(name, ...range())
  const course = () => view.course.value
  const lines: Line[] = [
    { key: 'real', label: t('run.sheet.real'), token: '--s1', style: 'area', fill: 0.13, format, rate: true, rest: mean(real), restText: inMean, restAtLeast: unfit },
    { key: 'planned', label: t('run.sheet.planned'), token: '--text', style: 'line', width: 1.25, format, rest: () => meanOfPlan(view, range()), restText: inMean },
  ]
  const changed = course()?.before.length
  if (changed) lines.push({ key: 'before', label: t('run.sheet.before'), token: '--second', style: 'line', dash: [2, 4], format })
  const absent = () => missingOf(view, range())
  const lost = absent().length > 0
  if (lost) lines.push({ key: 'missing', label: t(users ? 'run.sheet.missingUsers' : 'run.sheet.missing'), token: '--fail', style: 'hatch', format, rest: () => absent().reduce((sum, span) => sum + span.amount, 0), restText: users ? (value) => `${value} ${t('run.sheet.userSeconds')}` : inAll, restFormat: whole })
  const data = () => {
    const [x, drawn] = [main().times, [main().column(real), planOf(view)]]
    const told = [...drawn]
    if (changed) {
      const before = course()?.before ?? []
      told.push(new Float32Array(x.length).fill(before.length ? levelAt(before, view.now.value) : NaN))
    }
    if (lost) told.push(missingEach(absent(), new Float32Array(x.length), told))
    return { x, drawn: told.map((column, at) => (at < 2 ? column : blank(main()))), told, edition: main().edition }
  }
  return {
    lines,
    height: 126,
    counts: users,
    data,
    room: () => Math.max(peakOf(view.run.value.info?.planned.points ?? []), ...(course()?.ahead ?? []).map(([, level]) => level)),
    bands: () => absent().map(({ rows: [first, last] }) => ({ lower: 0, upper: 1, token: '--fail', alpha: 0.14, hatched: true, rows: [first - 1, last + 1] })),
    over: (u) => {
      const span = largest(absent())
      if (span) {
        callout(u, span.to, scaleOf(u, 'y')(planOf(view)[span.rows[0]]!) + 14 * devicePixelRatio, t(users ? 'run.sheet.missingAreaUsers' : 'run.sheet.missingArea', { amount: num(span.amount) }), '--fail')
      }
      const found = course()
      if (!found) return
      curve(u, found.before, '--second', [2, 4])
      curve(u, found.ahead, '--text', [], 1.25)
    },
  }
}

/** What was planned and not offered, in what is in view. */
export function missingOf(view: RunView, range: Range): MissingSpan[] {
  const spans = missingLoad(view.run.value.main, columnsOf(view), lostOf(view), range)
  return spans.map((span) => ({ ...span, amount: reported(view, span, range) ?? span.amount }))
}

/** What the loss of nodes cost, as the report and the live feed count it; null where it is not known for all that is in view. */
function reported(view: RunView, span: MissingSpan, [from, to]: Range): number | null {
  const nodes = view.report.value?.nodes ?? view.run.value.latest?.nodes ?? []
  const end = view.report.value ? Date.parse(view.report.value.end_time) / 1000 : to
  const losses = nodes.flatMap((node) => node.losses ?? [])
  const spans = losses.map((loss) => ({ from: Date.parse(loss.time) / 1000, to: loss.until ? Date.parse(loss.until) / 1000 : end, amount: loss.missing.amount }))
  const own = spans.filter((loss) => loss.from < span.to && loss.to > span.from)
  if (!own.length || own.some((loss) => loss.from < from || loss.to > to)) return null
  return own.reduce((sum, loss) => sum + loss.amount, 0)
}

const plans = new DerivedColumns()
/** The plan; in a pause nothing was planned. */
function planOf(view: RunView): Float32Array {
  const { main } = view.run.value
  const { real, planned } = columnsOf(view)
  const [level, done] = [main.column(planned), main.column(real)]
  return plans.column(0, main, planned, (row) => (Number.isNaN(done[row]!) ? NaN : level[row]!))
}

function columnsOf(view: RunView) {
  return view.variable.value === 'vus' ? { real: 'users', planned: 'plannedUsers' } : { real: 'rate', planned: 'plannedRate' }
}

function lostOf(view: RunView) {
  return view.run.value.unfit.filter((span) => span.kind === 'lost')
}

/** The whole plan in the mean of what is in view. */
function meanOfPlan(view: RunView, range: Range): number | null {
  const [first, beyond] = view.run.value.main.rows(...range)
  const known = planOf(view).subarray(first, beyond).filter((level) => !Number.isNaN(level))
  return known.length ? known.reduce((sum, level) => sum + level, 0) / known.length : null
}

function largest(spans: readonly MissingSpan[]): MissingSpan | undefined {
  return spans.toSorted((a, b) => b.amount - a.amount)[0]
}

/** What was missing in each second; 0 where nothing was. */
function missingEach(spans: readonly MissingSpan[], column: Float32Array, [real, planned]: Float32Array[]): Float32Array {
  for (const { rows } of spans) for (let row = rows[0]; row <= rows[1]; row++) column[row] = Math.max(0, planned![row]! - real![row]!)
  return column
}

export function rateLane({ view, range, unfit }: Maker, resting: (figure: string) => number | null): LaneSpec {
  const { track, name } = columnOf(view)
  const line: Line = { key: 'rps', label: t('run.sheet.requests'), token: '--s1', style: 'area', fill: 0.13, format: rate, rate: true, rest: () => resting('rps') ?? track().meanIn(name('rps'), ...range()), restText: inMean, restAtLeast: unfit }
  return { lines: [line], height: 100, data: () => ({ x: track().times, drawn: [track().column(name('rps'))], edition: track().edition }) }
}

/** Error classes, the most frequent first; what is not told by class stands as one. */
export function errorClasses(view: RunView): string[] {
  if (view.step.value !== null) return []
  const { run } = view
  const known = run.value.main.names('class:').map((name) => name.slice(6))
  return known.toSorted((a, b) => (run.value.failures[b] ?? 0) - (run.value.failures[a] ?? 0)).slice(0, COLOURED)
}

export function errorLane({ view, range }: Maker, classes: string[]): LaneSpec {
  const { track, name } = columnOf(view)
  if (!classes.length) {
    const rest = () => track().totalIn(name('errors'), ...range())
    const line: Line = { key: 'errors', label: t('run.sheet.errorsAll'), token: '--e1', style: 'stack', format: rate, rest, restText: inAll, restFormat: whole }
    return { lines: [line], height: 84, data: () => ({ x: track().times, drawn: [track().column(name('errors'))], edition: track().edition }), room: () => 3 }
  }
  const tokens = errorTokens(classes)
  const lines = classes.map((each): Line => ({ key: each, label: errorName(each), token: tokens.get(each)!, style: 'stack', format: rate, rest: () => track().totalIn(`class:${each}`, ...range()), restText: inAll, restFormat: whole }))
  const sums = new DerivedColumns()
  const data = () => {
    const told = classes.map((each) => track().column(`class:${each}`))
    const drawn = told.map((_, at) => sums.column(at, track(), classes[at]!, (row) => told.reduce((sum, column, place) => (place < at ? sum : sum + column[row]!), 0)))
    return { x: track().times, drawn, told, edition: track().edition }
  }
  return { lines, height: Math.max(84, 40 + 20 * lines.length), data, room: () => 3 }
}

export function lagLane({ view, range }: Maker): LaneSpec {
  const main = () => view.run.value.main
  const format = (value: number | null) => num(value, 1)
  const line = (key: string, label: string, token: string): Line => ({ key, label, token, style: 'line', width: 1.25, format, rest: () => main().meanIn(key, ...range()), restText: inMean })
  return {
    lines: [line('loopLag', t('run.sheet.loop'), '--s7'), line('sendLag', t('run.sheet.send'), '--s5')],
    height: 76,
    limit: { value: LAG_MS, name: t('run.sheet.unfitFrom', { limit: LAG_MS }) },
    data: () => ({ x: main().times, drawn: [main().column('loopLag'), main().column('sendLag')], edition: main().edition }),
  }
}

/** Counters and gauges that a protocol keeps itself, by their own names. */
export function ownLanes(made: Maker): { title: string; unit: string; how: string; spec: LaneSpec }[] {
  const counters = ownNames(made.view, 'counter')
  const gauges = ownNames(made.view, 'gauge')
  const lanes = gauges.slice(0, 6).map((name) => ({ title: t('run.sheet.gauge', { name }), unit: '', how: t('run.how.gauges'), spec: ownLane(made, 'gauge', [name]) }))
  if (counters.length) lanes.unshift({ title: t('run.sheet.counters'), unit: '/s', how: t('run.how.counters'), spec: ownLane(made, 'counter', counters.slice(0, 8)) })
  return lanes
}

export function ownNames(view: RunView, kind: 'counter' | 'gauge'): string[] {
  const names = view.run.value.steps.names().filter((name) => name.includes(`:${kind}:`))
  const wanted = view.step.value === null ? names : names.filter((name) => name.startsWith(`${view.step.value}:`))
  return [...new Set(wanted.map((name) => name.split(`:${kind}:`)[1]!))].toSorted()
}

/** Counters are summed over steps; of gauges the mean of the steps that have one. */
function ownLane({ view, range }: Maker, kind: 'counter' | 'gauge', names: string[]): LaneSpec {
  const track = () => view.run.value.steps
  const sums = new DerivedColumns()
  const known = new Map<string, string[]>()
  let count = -1
  const columns = (name: string) => {
    if (track().columnCount !== count) known.clear()
    count = track().columnCount
    const found = known.get(name) ?? track().names().filter((each) => each.endsWith(`:${kind}:${name}`) && (view.step.value === null || each.startsWith(`${view.step.value}:`)))
    known.set(name, found)
    return found
  }
  const merged = (name: string, place: number) => {
    const found = columns(name).map((each) => track().column(each))
    return found.length === 1 ? found[0]! : sums.column(place, track(), columns(name).join('\n'), (row) => together(found, row, kind))
  }
  const format = (value: number | null) => (kind === 'counter' ? rate(value) : num(value, value !== null && Math.abs(value) < 100 ? 2 : 0))
  const lines = names.map((name, at): Line => ({ key: name, label: name, token: `--s${(at % 8) + 1}`, style: 'line', format, rest: () => means(columns(name).map((each) => track().meanIn(each, ...range())), kind), restText: inMean }))
  return { lines, height: Math.max(70, 26 + 20 * names.length), data: () => ({ x: track().times, drawn: names.map(merged), edition: track().edition }) }
}

/** Of those columns that have a value in a row. */
function together(columns: readonly Float32Array[], row: number, kind: 'counter' | 'gauge'): number {
  let [sum, count] = [0, 0]
  for (const column of columns) {
    const value = column[row]!
    if (Number.isNaN(value)) continue
    sum += value
    count++
  }
  if (!count) return NaN
  return kind === 'counter' ? sum : sum / count
}

function means(values: (number | null)[], kind: 'counter' | 'gauge'): number | null {
  const known = values.filter((value) => value !== null)
  if (!known.length) return null
  const sum = known.reduce((total, value) => total + value, 0)
  return kind === 'counter' ? sum : sum / known.length
}

/** Where a figure of the step in focus is kept, or of all requests. */
export function columnOf(view: RunView) {
  const index = view.step.value
  const track = () => (index === null ? view.run.value.main : view.run.value.steps)
  const name = (figure: string) => (index === null ? figure : `${index}:${figure}`)
  return { track, name }
}
