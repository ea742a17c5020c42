// Takes the place of the page's WebSocket: a run that is made here, second by second, without a network in between.
// `hour` is filled in by the benchmark: {info, second, start, seconds, figures}.
window.hour = HOUR

{
  const { info, second, start, seconds, figures } = window.hour
  let now = start + seconds
  let feed = null

  const data = (moment) => {
    const swing = 1 + ((moment * 7919) % 100) / 200
    const point = { ...second, elapsed: moment - start }
    for (const name of figures) point[name] = second[name] * swing
    return point
  }
  // As the service does: each second of the last hour, and of more than that few wide points.
  const history = () => {
    const points = []
    const width = now - start > 3600 ? Math.ceil((now - start) / 600) : 1
    for (let moment = start; moment < now; moment += width) points.push({ ...data(moment), timestamp: moment, width })
    return { type: 'history', timestamp: start, complete: true, data: points }
  }

  window.WebSocket = class extends EventTarget {
    constructor() {
      super()
      feed = this
      queueMicrotask(() => {
        this.dispatchEvent(new Event('open'))
        this.tell(info)
        this.tell(history())
      })
    }
    send() {}
    close() {}
    tell(frame) {
      this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(frame) }))
    }
  }

  const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  window.drawn = drawn
  /** Tell `count` seconds, and draw after every `each`. */
  window.tell = async (count, each) => {
    for (let at = 1; at <= count; at++) {
      feed.tell({ type: 'metrics', timestamp: now, data: data(now) })
      now++
      if (at % each === 0) await drawn()
    }
    await drawn()
  }

  window.longTasks = []
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.longTasks.push(entry.duration)
  }).observe({ type: 'longtask' })
}
