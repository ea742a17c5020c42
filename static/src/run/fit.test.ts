import { describe, expect, it } from 'vitest'
import { covered, covers, extend, overlaps, unfitness, type UnfitSpan } from './fit'

describe('seconds of an unfit generator', () => {
  it.each([
    [{ loop_lag: 50, send_lag: 0, process_cpu: 0 }, 'lag'],
    [{ loop_lag: 0, send_lag: 80, process_cpu: 95 }, 'lag'],
    [{ loop_lag: 0, send_lag: 0, process_cpu: 90 }, 'cpu'],
    [{ loop_lag: 90, send_lag: 0, process_cpu: 0, nodes: [{ state: 'silent', share: 100 }] }, 'lost'],
    [{ loop_lag: 0, send_lag: 0, process_cpu: 0, nodes: [{ state: 'running', share: 50 }, { state: 'lost', share: 50 }] }, 'lost'],
    [{ loop_lag: 0, send_lag: 0, process_cpu: 0, nodes: [{ state: 'running', share: 100 }, { state: 'lost', share: 50 }] }, null],
    [{ loop_lag: 49.9, send_lag: null, process_cpu: null, nodes: [{ state: 'running', share: 100 }] }, null],
  ])('%j is %s', (second, kind) => {
    expect(unfitness(second)).toBe(kind)
  })

  it('are put together where they touch', () => {
    const spans: UnfitSpan[] = []
    extend(spans, 1, 2, 'lag')
    extend(spans, 2, 3, 'lag')
    extend(spans, 3, 4, 'cpu')
    extend(spans, 9, 10, 'cpu')
    expect(spans).toEqual([{ from: 1, to: 3, kind: 'lag' }, { from: 3, to: 4, kind: 'cpu' }, { from: 9, to: 10, kind: 'cpu' }])
    expect([covers(spans, 2.5), covers(spans, 5), overlaps(spans, 4, 9), covered(spans, 2, 100)]).toEqual([true, false, false, 3])
  })
})
