// Takes the place of the page's WebSocket: a run that is made here, second by second, without a network in between.
// `hour` is filled in by the benchmark: {info, second, start, seconds}.
window.hour = HOUR

{
  const { info, second, start, seconds } = window.hour
  let now = start + seconds
  let feed = null

  /** Between 0 and 1: of a moment and a place, the same each time, and without a pattern that the eye or a cache finds. */
  const chance = (moment, place) => {
    let bits = Math.imul(moment ^ Math.imul(place + 1, 0x9e3779b1), 0x85ebca6b)
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
    return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32
  }
  const LATENCIES = ['p50', 'p90', 'p95', 'p99', 'max']
  const times = (figures, factor) => Object.fromEntries(LATENCIES.map((name) => [name, figures[name] * factor]))
  const ERRORS = ['HTTP 503', 'timeout', 'refused', 'check']

  const step = (each, moment) => {
    const at = each.index + 1
    const requests = 30 + Math.floor(chance(moment, at) * 20)
    const errors = chance(moment, at + 100) < 0.2 ? 1 + Math.floor(chance(moment, at + 200) * 3) : 0
    const swing = 0.7 + 0.1 * (at % 7) + 0.8 * chance(moment, at + 300)
    return {
      ...each,
      ...times(each, swing),
      latency_from_plan: times(each.latency_from_plan, swing + 0.1 * chance(moment, at + 400)),
      requests,
      errors,
      requests_per_second: requests,
      error_rate: (errors / requests) * 100,
      gauges: { queue: { count: requests, avg: 10 * chance(moment, at + 500), max: 10 } },
    }
  }
  const sum = (list, name) => list.reduce((all, each) => all + each[name], 0)
  let [requestsSoFar, errorsSoFar] = [0, 0]

  /** A second as the feed has it; every figure differs from that of the second before. */
  const data = (moment) => {
    const steps = second.steps.map((each) => step(each, moment))
    const [requests, errors] = [sum(steps, 'requests'), sum(steps, 'errors')]
    requestsSoFar += requests
    errorsSoFar += errors
    const swing = 0.8 + 0.6 * chance(moment, 0)
    const failures = Object.fromEntries(ERRORS.map((name, at) => [name, Math.floor((errors / (at + 2)) * chance(moment, at + 600)) + 1]))
    const figures = { requests, errors, requests_per_second: requests, error_rate: (errors / requests) * 100 }
    return {
      ...second,
      ...times(second, swing),
      ...figures,
      latency_from_plan: times(second.latency_from_plan, swing * 1.1),
      elapsed: moment - start,
      planned_rate: 200,
      iterations: Math.floor(requests / 4),
      active_users: 180 + Math.floor(chance(moment, 1) * 9),
      loop_lag: 3 + 5 * chance(moment, 2),
      send_lag: chance(moment, 3),
      process_cpu: 40 + 20 * chance(moment, 4),
      total_requests: requestsSoFar,
      total_errors: errorsSoFar,
      failures,
      statuses: { 200: requests - errors, 503: errors },
      thresholds: second.thresholds.map((each) => ({ ...each, value: each.limit * (0.4 + 0.4 * chance(moment, 5)) })),
      steps,
      nodes: second.nodes.map((each) => ({ ...each, requests_per_second: requests, process_cpu: 40 + 20 * chance(moment, 4), loop_lag: 3 + 5 * chance(moment, 2) })),
    }
  }
  const history = () => {
    const points = Array.from({ length: seconds }, (_, at) => ({ ...data(start + at), timestamp: start + at }))
    return { type: 'history', timestamp: now - 1, complete: true, data: points }
  }

  window.WebSocket = class extends EventTarget {
    constructor() {
      super()
      feed = this
      queueMicrotask(() => {
        this.dispatchEvent(new Event('open'))
        this.deliver(info)
        this.deliver(history())
      })
    }
    send() {}
    close() {}
    deliver(frame) {
      this.dispatch(JSON.stringify(frame))
    }
    dispatch(text) {
      this.dispatchEvent(new MessageEvent('message', { data: text }))
    }
  }

  /** Resolves when the next frame has been drawn. */
  const frame = () =>
    new Promise((done) => {
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = done
        port2.postMessage(null)
      })
    })
  window.frame = frame
  const next = () => JSON.stringify({ type: 'metrics', timestamp: now, data: data(now++) })
  const ready = []
  /** Make the next second beforehand: that is not work of the page. */
  window.prepare = () => void ready.push(next())
  /** Deliver `count` seconds, and draw after every `drawEvery` of them. */
  window.receive = async (count, drawEvery) => {
    for (let at = 1; at <= count; at++) {
      feed.dispatch(ready.shift() ?? next())
      if (at % drawEvery === 0 || at === count) await frame()
    }
  }

  window.longTasks = []
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.longTasks.push(entry.duration)
  }).observe({ type: 'longtask' })
}
