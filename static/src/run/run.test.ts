import { describe, expect, it } from 'vitest'
import { marksOf, mended } from './marks'
import type { Frame, MetricsData } from './frames'
import { covered } from './fit'
import { fromReport } from './recorded'
import type { Report } from './report'
import { Run } from './run'
import frames from './samples/frames.json'
import report from './samples/report.json'

// Recorded from a real run: arrivals up to 20/s, a pause of 3 s, then 30/s by hand, some replies 503.
const recorded = frames as unknown as Frame[]

function played(list: readonly Frame[], run = new Run()): Run {
  list.forEach((frame) => run.take(frame))
  return run
}

describe('a viewer who joins late', () => {
  const info = recorded.find((frame) => frame.type === 'run')!
  const seconds = recorded.filter((frame) => frame.type === 'metrics').map((frame, at) => ({ ...frame, data: { ...frame.data, loop_lag: at === 3 || at === 4 ? 80 : 1, nodes: at === 12 ? [{ ...frame.data.nodes[0]!, state: 'silent' }] : frame.data.nodes } }))
  /** As the service joins seconds in a history: the greatest lag, no nodes. */
  const wide = (first: number, width: number) => {
    const part = seconds.slice(first, first + width)
    return { ...part[0]!.data, nodes: undefined, steps: undefined, width, timestamp: part[0]!.timestamp, paused: false, loop_lag: Math.max(...part.map((each) => each.data.loop_lag ?? 0)) }
  }
  const early = played([{ ...info, data: { ...info.data, unfit: [] } }, ...seconds])

  it('sees the same seconds hatched as one who was there from the start', () => {
    const unfit = early.unfit.filter(({ from }) => from < seconds[20]!.timestamp).map(({ from, to, kind }) => ({ start: from, end: to, kind }))
    const late = played([{ ...info, data: { ...info.data, unfit } }, { type: 'history', timestamp: null, complete: false, data: [wide(0, 10), wide(10, 10)] }, ...seconds.slice(20)])
    expect(unfit.map(({ kind }) => kind)).toEqual(['lag', 'lost'])
    expect(late.unfit).toEqual(early.unfit)
  })

  it('judges the points of a history where the service did not', () => {
    const late = played([info, { type: 'history', timestamp: null, complete: false, data: [wide(0, 10)] }])
    expect(late.unfit).toMatchObject([{ kind: 'lag' }])
  })
})

describe('a pause', () => {
  const info = recorded.find((frame) => frame.type === 'run')!
  const second = recorded.find((frame) => frame.type === 'metrics')!.data as MetricsData
  /** Seconds from 100 on, as [time of the load profile at the end, whether paused then]. */
  const from100 = (...seconds: [number, boolean][]): Frame[] => seconds.map(([elapsed, paused], at) => ({ type: 'metrics', timestamp: 100 + at, data: { ...second, elapsed, paused } }) as Frame)

  it('is as long as the load stood still, to a tenth of a second', () => {
    const run = played([info, ...from100([1, false], [1.42, true], [1.42, true], [2.12, false], [3.12, false])])
    expect(run.pauses).toEqual([{ from: 101.4, to: 103.3 }])
  })

  it('goes on for a viewer who joins in the middle of it', () => {
    const joined = { ...info, data: { ...info.data, pauses: [{ start: 98.4, end: 101, seconds: 2.6 }] } }
    const history: Frame = { type: 'history', timestamp: null, complete: false, data: [{ ...second, timestamp: 100, elapsed: 7.4, paused: true }] }
    const run = played([joined, history, ...from100([7.4, true], [7.4, true], [8.2, false])])
    expect(run.pauses).toEqual([{ from: 98.4, to: 102.2 }])
  })

  it('within one second is known from the event that ended it', () => {
    const paused = { event: 'pause' as const, by: 'li', timestamp: 101, elapsed: 1, time: '' }
    const resumed = { event: 'resume' as const, by: 'li', timestamp: 101, elapsed: 1, time: '', start: 101.25, seconds: 0.5 }
    const told = [paused, resumed].map((data) => ({ type: 'event', timestamp: 101, data }) as Frame)
    const run = played([info, ...from100([1, false]), ...told, { ...from100([1.5, false])[0]!, timestamp: 101 } as Frame, ...told])
    expect(run.pauses).toEqual([{ from: 101.25, to: 101.75 }])
    expect(marksOf(run.events, run.pauses, false)).toMatchObject([{ at: 101.25, kind: 'pause', by: 'li', seconds: 0.5 }])
    expect(played([{ ...info, data: { ...info.data, pauses: [{ start: 101.25, end: 101.75, seconds: 0.5 }], events: [paused, resumed] } }]).pauses).toEqual(run.pauses)
  })

  it('is one where seconds and events tell of it', () => {
    const resumed = { event: 'resume' as const, timestamp: 103, elapsed: 1.42, time: '', start: 101.42, seconds: 1.9 }
    const run = played([info, ...from100([1, false], [1.42, true], [1.42, true], [2.12, false]), { type: 'event', timestamp: 103, data: resumed } as Frame])
    expect(run.pauses).toEqual([{ from: 101.4, to: 103.3 }])
  })

  it('says in its mark how long it was', () => {
    const events = [{ event: 'pause' as const, by: 'admin', timestamp: 101, elapsed: 1, time: '' }, { event: 'resume' as const, timestamp: 103, elapsed: 1.4, time: '' }]
    expect(marksOf(events, [{ from: 101.4, to: 103.3 }], false)).toMatchObject([{ at: 101.4, by: 'admin', seconds: expect.closeTo(1.9) as number }])
    expect(marksOf(events, [], false)).toMatchObject([{ at: 101, by: 'admin', seconds: undefined }])
    expect(marksOf([events[0]!, { ...events[1]!, seconds: 0.35 }], [], false)).toMatchObject([{ at: 101, by: 'admin', seconds: 0.35 }])
    expect(marksOf([events[0]!], [], false)).toMatchObject([{ at: 101, seconds: undefined }])
  })
})

describe('two people who change the load in one second', () => {
  const change = (by: string, level: number) => ({ type: 'event', timestamp: 105, data: { event: 'load', by, level, variable: 'arrival_rate', timestamp: 105, elapsed: 5.001, time: '' } }) as Frame

  it('have a mark each with their names, at the same level too', () => {
    const run = played([change('li', 30), change('wang', 30), change('zhao', 40), change('wang', 30)])
    expect(marksOf(run.events, [], false)).toMatchObject([{ at: 105, by: 'li', level: 30 }, { at: 105, by: 'wang', level: 30 }, { at: 105, by: 'zhao', level: 40 }])
  })
})

describe('the last milliseconds of a run', () => {
  const second = { ...(recorded.find((frame) => frame.type === 'metrics') as { data: MetricsData }).data, width: 1, paused: false, steps: [], nodes: [] }
  const run = played([{ type: 'metrics', timestamp: 100, data: { ...second, elapsed: 7, errors: 0 } }, { type: 'metrics', timestamp: 101, data: { ...second, elapsed: 8, errors: 0 } }, { type: 'metrics', timestamp: 102, data: { ...second, elapsed: 8.02, errors: 2, requests_per_second: 0, iterations: 0, planned_rate: 0, active_users: 0 } }] as Frame[])

  it('are no second in which the load fell to nothing', () => {
    expect(['rps', 'rate', 'users', 'plannedRate', 'p95'].map((name) => run.main.at(name, 2))).toEqual([null, null, null, null, null])
    expect(run.main.at('rps', 1)).not.toBeNull()
    expect(run.over).toBeCloseTo(102.02)
  })

  it('keep their counts', () => {
    expect(run.main.totalIn('errors', 100, 103)).toBe(2)
  })
})

describe('a run from its frames', () => {
  const run = played(recorded)

  it('knows what it is and how it ended', () => {
    expect(run.info?.name).toBe('短测')
    expect([...run.stepNames.values()]).toEqual(['列表', '详情', '登录', '购物', '列表', '下单'])
    expect(run.status).toBe('completed')
    expect(run.end?.verdict?.state).toBe('FAILED')
  })

  it('has a row for each second, and none of them twice', () => {
    const seconds = recorded.filter((frame) => frame.type === 'metrics').map((frame) => frame.timestamp)
    expect([...run.main.times]).toEqual(seconds)
    expect(run.main.at('rps', 0)).toBeCloseTo((recorded.find((frame) => frame.type === 'metrics') as { data: { requests_per_second: number } }).data.requests_per_second, 2)
  })

  it('has nothing in a pause, which is a span of its own', () => {
    const [pause] = run.pauses
    expect(pause!.to - pause!.from).toBeGreaterThanOrEqual(3)
    const row = run.main.rowAt(pause!.from + 1)
    expect([run.main.at('rps', row), run.main.at('p95', row)]).toEqual([null, null])
    expect(run.main.at('plannedRate', row)).toBe(20)
  })

  it('adds errors up by class', () => {
    expect(run.failures).toEqual(Object.fromEntries(report.metrics.errors.labels.map((label, at) => [label, report.metrics.errors.values[at]])))
  })

  it('marks the pause and the change by hand with who did it', () => {
    const marks = marksOf(run.events, run.pauses, false)
    expect(marks.filter((mark) => mark.kind === 'load')).toMatchObject([{ by: 'admin', level: 30, tone: 'hand' }])
    expect(marks.filter((mark) => mark.kind === 'pause')).toMatchObject([{ by: 'admin' }])
  })

  it('keeps what it has when it joins again from its last second', () => {
    const half = recorded.length >> 1
    const again = played(recorded.slice(0, half))
    const before = again.main.length
    const missed = recorded.slice(half, half + 4).filter((frame) => frame.type === 'metrics')
    again.take(recorded[0]!)
    again.take({ type: 'history', timestamp: null, complete: true, data: missed.map((frame) => ({ timestamp: frame.timestamp, ...frame.data })) })
    recorded.slice(half).forEach((frame) => again.take(frame))
    expect(again.main.length).toBeGreaterThan(before)
    expect([...again.main.times]).toEqual([...run.main.times])
    expect(again.events).toEqual(run.events)
  })

  it('starts anew where the history overlaps what it has', () => {
    const again = played(recorded)
    const first = recorded.find((frame) => frame.type === 'metrics')!
    again.take({ type: 'history', timestamp: null, data: [{ timestamp: first.timestamp, ...first.data }] })
    expect(again.main.length).toBe(1)
  })

  it('leaves out what it does not know', () => {
    expect(() => played([{ type: 'weather' } as unknown as Frame])).not.toThrow()
  })
})

describe('what follows from frames', () => {
  const run = played(recorded)

  it('counts the requests of each step as they are, not as rates that were rounded', () => {
    const seconds = recorded.flatMap((frame) => (frame.type === 'metrics' ? [frame.data] : []))
    for (const [index, counts] of run.stepCounts) {
      const own = seconds.flatMap(({ steps }) => steps.filter((step) => step.index === index))
      const sum = (figure: 'requests' | 'errors') => own.reduce((total, step) => total + step[figure], 0)
      expect(counts).toEqual({ requests: sum('requests'), errors: sum('errors') })
    }
  })

  it('marks a threshold that holds after all as one that was not held for a while', () => {
    const breach = { event: 'threshold' as const, expression: 'rps > 20', state: 'breached', elapsed: 3, time: '', timestamp: 103 }
    const [mark] = marksOf([breach], [], false)
    expect(mended([mark!], new Set(['rps > 20']))).toMatchObject([{ state: 'mended', tone: 'plain' }])
    expect(mended([mark!], new Set())).toEqual([mark])
  })
})

describe('a run from its report', () => {
  const run = fromReport(report as unknown as Report)

  it('has the load of a lost node missing in the seconds that it was, though it was taken over at once', () => {
    const loss = { time: '2026-11-29T20:05:48Z', until: '2026-11-29T20:05:48Z', elapsed: [3.5, 4.2], share: 50, missing: { variable: 'arrival_rate', amount: 9, requests: 9 } }
    const told = { ...report, nodes: [{ ...report.nodes[0], losses: [loss] }] }
    const lost = fromReport(told as unknown as Report).unfit.filter((span) => span.kind === 'lost')
    expect(lost).toEqual([{ from: 1795982747, to: 1795982749, kind: 'lost' }])
    expect(covered(run.unfit.filter((span) => span.kind === 'lost'), 0, Infinity)).toBe(0)
  })
  const live = played(recorded)

  it('says the same as its frames', () => {
    expect([...run.main.times]).toEqual([...live.main.times])
    for (const figure of ['rps', 'p95', 'users', 'plannedRate']) {
      const rows = run.main.length
      for (let row = 0; row < rows; row++) expect([figure, row, run.main.at(figure, row)]).toEqual([figure, row, live.main.at(figure, row)])
    }
    expect(run.pauses).toEqual(live.pauses)
    expect(run.failures).toEqual(live.failures)
  })
})
