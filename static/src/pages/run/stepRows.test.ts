import { describe, expect, it } from 'vitest'
import { grouped, liveLines, unfolded } from './stepRows'
import type { Frame } from '@/run/frames'
import { Run } from '@/run/run'
import frames from '@/run/samples/frames.json'
import { scenesOf } from '@/run/scenes'

const request = (name: string) => ({ type: 'request', name })
const config = {
  scenes: [
    { weight: 7, scene: { name: 'shop', on_start: [request('login')], steps: [request('home'), { type: 'group', name: 'browse', steps: [request('list'), { type: 'loop', steps: [{ type: 'group', name: 'search', steps: [request('word')] }] }] }, request('buy')] } },
    { weight: 3, scene: { name: 'look', steps: [request('home')] } },
  ],
}
const rows = ['login', 'home', 'browse', 'list', 'search', 'word', 'buy', 'home'].map((name, index) => ({ index, name }))

describe('steps of scenes', () => {
  it('know the group that they are in, loops left out', () => {
    const [shop, look] = scenesOf(config, rows)
    expect(shop!.steps.map(({ index, type, parent }) => [index, type, parent])).toEqual([
      [0, 'request', null], [1, 'request', null], [2, 'group', null], [3, 'request', 2], [4, 'group', 2], [5, 'request', 4], [6, 'request', null],
    ])
    expect(look!.steps.map(({ index }) => index)).toEqual([7])
  })

  it('are in no scene where a name does not fit', () => {
    expect(scenesOf(config, [...rows, { index: 8, name: 'new' }])).toEqual([])
  })
})

describe('rows of the step table', () => {
  const run = new Run()
  frames.forEach((frame) => run.take(frame as unknown as Frame))
  const line = liveLines(run)[0]!
  const lines = rows.map((row) => ({ ...line, ...row }))
  const [shop] = grouped(lines, scenesOf(config, rows))

  it('are as deep as groups are around them', () => {
    expect(shop!.lines.map(({ depth }) => depth)).toEqual([0, 0, 0, 1, 1, 2, 0])
  })

  it('are gone with the group that is folded, and what is in it', () => {
    const names = (...folded: number[]) => unfolded(shop!.lines, new Set(folded)).map(({ name }) => name)
    expect(names(2)).toEqual(['login', 'home', 'browse', 'buy'])
    expect(names(4)).toEqual(['login', 'home', 'browse', 'list', 'search', 'buy'])
  })

  it('have the greatest response time of the last seconds as their maximum', () => {
    const run = new Run()
    const step = { index: 0, name: 'home', requests: 1, errors: 0, requests_per_second: 1, error_rate: 0, p50: 5, p90: 5, p95: 5, p99: 5, latency_from_plan: null, counters: {}, gauges: {} }
    ;[9, 40, 6].forEach((max, at) => run.take({ type: 'metrics', timestamp: 100 + at, data: { width: 1, requests: 1, errors: 0, iterations: 1, bytes_sent: 0, bytes_received: 0, steps: [{ ...step, max }] } } as unknown as Frame))
    expect(liveLines(run).map((line) => line.max)).toEqual([40])
  })
})
