// What the parts of the run page share: the run as data, its report, the window, the step in focus, the charts' group.
import { useEventListener } from '@vueuse/core'
import { computed, inject, onScopeDispose, provide, ref, shallowRef, watch, type ComputedRef, type InjectionKey, type Ref, type ShallowRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { Feed, type FeedState } from '@/api/feed'
import { awaited, feedAddress, feedToken, probe, reportAtHand, reportOf, seriesOf, type Execution, type Part } from '@/api/execution'
import { usePins, type RunPin } from '@/api/pins'
import { useRights } from '@/api/projects'
import { ChartGroup } from '@/charts/group'
import { forgetColours } from '@/charts/colours'
import { clockOn } from '@/i18n/format'
import { failed } from '@/parts/notices'
import { painted } from '@/parts/stages'
import type { Span } from '@/run/fit'
import { breachMarks, marksOf, mended, warmUpMark, type Mark } from '@/run/marks'
import { addClasses, replaceSteps } from '@/run/detail'
import { fromReport, startOf } from '@/run/recorded'
import type { Report } from '@/run/report'
import { Run } from '@/run/run'
import { courseOf, type Course } from '@/run/course'
import type { Mode, RunStatus, Variable } from '@/run/frames'
import { fitted, type Follow, parsed, soFar, written } from '@/run/window'
import { usePaper } from '@/style/paper'
import { dark } from '@/style/theme'
import { usePercentile, type Percentile } from './percentile'

export interface RunView {
  execution: ComputedRef<Execution>
  id: ComputedRef<string>
  run: ShallowRef<Run>
  report: ShallowRef<Report | null>
  /** The run has ended and its report is on the way. */
  reporting: Ref<boolean>
  /** Changes when there is something new, at most once a frame. */
  tick: Ref<number>
  feed: Ref<FeedState>
  group: ChartGroup
  status: ComputedRef<RunStatus>
  live: ComputedRef<boolean>
  mode: ComputedRef<Mode>
  variable: ComputedRef<Variable>
  name: ComputedRef<string>
  start: ComputedRef<number>
  /** Unix time of the last second that is known. */
  now: ComputedRef<number>
  whole: ComputedRef<Span>
  /** Whether it is longer than a day. */
  dated: ComputedRef<boolean>
  /** A moment in words, with its day in a run of more than a day. */
  when: (time: string | number, seconds?: boolean) => string
  window: ComputedRef<Span | null>
  shown: ComputedRef<Span>
  follow: Ref<Follow>
  setWindow: (span: Span | null) => void
  step: ComputedRef<number | null>
  setStep: (index: number | null) => void
  percentile: ComputedRef<Percentile>
  setPercentile: (next: Percentile) => void
  stepName: (index: number) => string
  part: ComputedRef<Part>
  marks: ComputedRef<Mark[]>
  /** The team's own, beside what happened by itself. */
  pins: ComputedRef<readonly RunPin[]>
  course: ComputedRef<Course | null>
  mayEdit: ComputedRef<boolean>
  /** Most users that may serve arrivals; null where it is not known. */
  maxVus: ComputedRef<number | null>
}

const KEY: InjectionKey<RunView> = Symbol('run view')
/** A live run is in view from its start up to this long; then the last part of it. */
export const WHOLE_UP_TO_S = 1800
const LAST_PART_S = 600
const DAY_S = 86_400

export function useRunView(): RunView {
  return inject(KEY)!
}

export function provideRunView(execution: ComputedRef<Execution>): RunView {
  const { may } = useRights()
  const id = computed(() => execution.value.execution_id)
  const source = useSource(execution)
  const { run, report, tick } = source
  const group: ChartGroup = new ChartGroup((span) => place.setWindow(span), () => place.setWindow(null))
  const facts = useFacts(execution, source)
  const place = usePlace(facts)
  const marks = computed(() => {
    void tick.value
    const held = new Set(report.value ? report.value.verdict.thresholds.flatMap((each) => (each.passed ? each.expression : [])) : run.value.thresholds.flatMap((each) => (each.state === 'holding' ? each.expression : [])))
    const marks = marksOf(run.value.events, run.value.pauses, facts.mode.value !== 'concurrent')
    return [...warmUpMark(run.value.warmUp), ...mended(marks, held), ...breachMarks(report.value?.verdict.thresholds ?? [], marks)].toSorted((a, b) => a.at - b.at)
  })
  const part = computed<Part>(() => ({ from: place.window.value?.from ?? null, to: place.window.value?.to ?? null, step: null }))
  const found = usePins(id, facts.live)
  const pins = computed(() => found.data.value ?? [])
  const view: RunView = { ...source, ...facts, ...place, ...usePercentile(), execution, id, group, marks, pins, part, mayEdit: computed(() => may('editor')), maxVus: computed(() => maxVusOf(execution.value.config ?? report.value?.config)) }
  provide(KEY, view)
  followCharts(view)
  return view
}

/** The data: from the live feed until the run has ended, from its report then. */
function useSource(execution: ComputedRef<Execution>) {
  const run = shallowRef(new Run())
  const report = shallowRef<Report | null>(null)
  const reporting = ref(false)
  const tick = ref(0)
  const state = ref<FeedState>('connecting')
  let asked = false
  const update = () => {
    if (asked) return
    asked = true
    requestAnimationFrame(() => {
      asked = false
      tick.value++
    })
  }
  /** Lines that the report does not hold; without them the page is whole all the same. */
  const detail = async (found: Report) => {
    const answers = await seriesOf(found.execution_id, found.steps.map((step) => step.index)).catch(() => null)
    if (answers?.all) addClasses(run.value, answers.all)
    if (answers?.steps) replaceSteps(run.value, answers.steps)
    update()
  }
  let left = false
  onScopeDispose(() => (left = true))
  const show = async (found: Report) => {
    report.value = found
    // The answer stands in the report itself, and is in view before thousands of points are written.
    if (run.value.empty && !found.search) await painted()
    if (left) return
    run.value = keeping(run.value, found)
    void detail(found)
  }
  const load = async () => {
    if (reporting.value) return
    reporting.value = true
    try {
      const found = await awaited(() => reportOf(execution.value, run.value.end?.report_id), run.value.end !== null, () => left)
      if (found) await show(found)
    } catch (error) {
      failed(error)
    }
    reporting.value = false
    update()
  }
  if (ENDED.has(execution.value.status)) {
    state.value = 'ended'
    const found = reportAtHand(execution.value)
    if (found) void show(found)
    else void load()
  } else join(execution, run, state, update, load)
  return { run, report, reporting, tick, feed: state }
}
const ENDED = new Set<RunStatus>(['completed', 'stopped', 'failed'])

function join(execution: ComputedRef<Execution>, run: ShallowRef<Run>, state: Ref<FeedState>, update: () => void, load: () => Promise<void>) {
  const id = execution.value.execution_id
  const feed: Feed = new Feed({
    url: feedAddress(id),
    token: feedToken,
    since: () => (run.value.info && !run.value.empty ? run.value.main.last : null),
    onFrame: (frame) => {
      run.value.take(frame)
      if (run.value.main.full) feed.rejoin()
      update()
    },
    onState: (next) => {
      state.value = next
      if (next === 'ended') void load()
    },
    probe: () => probe(id),
  })
  feed.start()
  useEventListener(window, 'online', () => feed.wake())
  useEventListener(document, 'visibilitychange', () => document.visibilityState === 'visible' && feed.wake())
  onScopeDispose(() => feed.close())
}

/** What the feed told and the report does not hold stays: errors by class, seconds of each step. */
function keeping(live: Run, report: Report): Run {
  const recorded = fromReport(report)
  if (live.empty) return recorded
  live.unfit = recorded.unfit
  live.unfitWidth = recorded.unfitWidth
  live.beginPauses(report.pauses)
  live.warmUp = recorded.warmUp
  live.events = recorded.events
  live.failures = recorded.failures
  live.search.rows = recorded.search.rows
  live.search.trace = recorded.search.trace
  live.search.found = recorded.search.found
  live.search.variable = recorded.search.variable
  const missed = live.main.length < recorded.main.length
  return missed ? recorded : live
}

type Source = ReturnType<typeof useSource>

function useFacts(execution: ComputedRef<Execution>, { run, report, tick }: Source) {
  const latest = <T>(read: () => T) => computed(() => (void tick.value, read()))
  const status = latest<RunStatus>(() => run.value.status ?? execution.value.status)
  const live = computed(() => !ENDED.has(status.value))
  const mode = latest<Mode>(() => run.value.info?.mode ?? execution.value.mode ?? run.value.search.mode ?? 'concurrent')
  const variable = latest<Variable>(() => run.value.info?.variable ?? execution.value.variable ?? guessed(run.value))
  const start = latest(() => startOf(run.value, execution.value.start_time))
  const now = latest(() => (run.value.empty ? start.value : live.value ? run.value.main.end : run.value.over))
  const course = latest<Course | null>(() => {
    const planned = run.value.info?.planned
    const elapsed = run.value.latest?.elapsed ?? run.value.info?.elapsed
    if (!live.value || !planned?.points.length || elapsed === undefined) return null
    return courseOf(planned, run.value.events, variable.value, now.value, elapsed)
  })
  const whole = latest<Span>(() => {
    const end = live.value ? Math.max(now.value, course.value?.end ?? 0, start.value + 30) : Math.max(now.value, start.value + 1)
    return { from: start.value, to: end }
  })
  const dated = computed(() => whole.value.to - whole.value.from > DAY_S)
  const when = (time: string | number, seconds = true) => clockOn(time, dated.value, seconds)
  const name = computed(() => run.value.info?.plan_name ?? execution.value.plan_name ?? report.value?.plan_name ?? report.value?.name ?? '')
  const stepName = (index: number) => run.value.stepNames.get(index) ?? report.value?.steps.find((each) => each.index === index)?.name ?? `#${index}`
  return { status, live, mode, variable, start, now, course, whole, dated, when, name, stepName }
}

function maxVusOf(config: Record<string, unknown> | undefined): number | null {
  const load = config?.load as Record<string, unknown> | undefined
  return typeof load?.max_vus === 'number' ? load.max_vus : null
}

/** Arrivals are planned as a rate. */
function guessed(run: Run): Variable {
  if (run.search.found) return run.search.variable
  const { main } = run
  for (let row = main.length - 1; row >= 0; row--) if ((main.at('plannedRate', row) ?? 0) > 0) return 'arrival_rate'
  return 'vus'
}

/** Window and step stand in the address, so that a colleague who is sent it sees the same. */
function usePlace(facts: ReturnType<typeof useFacts>) {
  const route = useRoute()
  const router = useRouter()
  const window = computed(() => parsed(route.query.w as string | undefined, facts.start.value))
  const follow = ref<Follow>(null)
  const change = (query: Record<string, string | undefined>) => void router.push({ query: { ...route.query, ...query }, hash: route.hash })
  const setWindow = (span: Span | null) => {
    const next = span && fitted(span, facts.whole.value)
    const text = written(next, facts.start.value)
    if (text !== route.query.w) change({ w: text })
  }
  const step = computed(() => {
    const text = route.query.step as string | undefined
    return text === undefined || !/^\d+$/.test(text) ? null : Number(text)
  })
  const setStep = (index: number | null) => change({ step: index === null ? undefined : String(index) })
  const shown = computed<Span>(() => {
    if (window.value) return window.value
    const { from, to } = facts.whole.value
    if (!facts.live.value) return { from, to }
    const now = facts.now.value
    if (follow.value === 'whole') return { from, to }
    const last = follow.value ?? (now - from > WHOLE_UP_TO_S ? LAST_PART_S : null)
    return last === null ? soFar({ from, to }, now) : { from: Math.max(from, now - last), to: Math.max(now, from + last) + last * 0.06 }
  })
  return { window, follow, setWindow, step, setStep, shown }
}

/** A pin's line, or the two lines of its time. */
function linesOf({ from, to }: RunPin): { at: number; tone: 'pin' }[] {
  return [from, ...(to === null ? [] : [to])].map((at) => ({ at, tone: 'pin' }))
}

/** Charts draw from the buffers whenever something is new, outside of Vue's updates. */
function followCharts(view: RunView): void {
  const { group, shown, whole, dated, window, tick, run, live, now, marks, pins } = view
  watch(
    [tick, shown, marks, pins, live],
    () => {
      const { from, to } = shown.value
      if (live.value && !window.value && from > whole.value.from) group.follow([from, to])
      else group.show([from, to])
      group.dated = dated.value
      group.ground = { now: live.value ? now.value : null, pauses: run.value.pauses, warmUp: run.value.warmUp, unfit: run.value.unfit, lines: [...marks.value, ...pins.value.flatMap(linesOf)] }
      group.draw()
    },
    // With the rest of the page: a frame of its own would cost style, layout and paint a second time.
    { immediate: true, flush: 'post' },
  )
  watch(dark, () => {
    forgetColours()
    requestAnimationFrame(() => group.rebuild())
  })
  usePaper(() => {
    forgetColours()
    group.rebuild()
  })
}
