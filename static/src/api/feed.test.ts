import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Frame } from '@/run/frames'
import { CLOSE, Feed, type FeedOptions, type FeedState } from './feed'

class Socket extends EventTarget {
  sent: string[] = []
  closed = false
  constructor(readonly url: string, readonly protocols: string[]) {
    super()
  }
  opens(): void {
    this.dispatchEvent(new Event('open'))
  }
  says(frame: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(frame) }))
  }
  breaks(code: number): void {
    this.dispatchEvent(Object.assign(new Event('close'), { code }))
  }
  send(text: string): void {
    this.sent.push(text)
  }
  close(): void {
    this.closed = true
  }
}

let sockets: Socket[]
let states: FeedState[]
let frames: Frame[]
let asked: boolean[]
let since: number | null

function feed(more: Partial<FeedOptions> = {}): Feed {
  return new Feed({
    url: 'ws://here/ws/performance/run/',
    token: async (fresh) => {
      asked.push(fresh)
      return { text: fresh ? 'fresh' : 'kept', expires: Date.now() / 1000 + 900 }
    },
    since: () => since,
    onFrame: (frame) => frames.push(frame),
    onState: (state) => states.push(state),
    probe: async () => 'ok',
    open: (url, protocols) => {
      const socket = new Socket(url, protocols)
      sockets.push(socket)
      return socket as unknown as WebSocket
    },
    ...more,
  })
}
const settled = () => vi.advanceTimersByTimeAsync(0)

beforeEach(() => {
  vi.useFakeTimers()
  sockets = []
  states = []
  frames = []
  asked = []
  since = null
})
afterEach(() => vi.useRealTimers())

describe('the feed', () => {
  it('joins with its token and ends with the run', async () => {
    feed().start()
    await settled()
    expect(sockets[0]!.url).toBe('ws://here/ws/performance/run/')
    expect(sockets[0]!.protocols).toEqual(['bearer', 'kept'])
    sockets[0]!.opens()
    sockets[0]!.says({ type: 'end', timestamp: 1, data: { status: 'completed' } })
    sockets[0]!.breaks(CLOSE.ended)
    expect(states).toEqual(['open', 'ended'])
    expect(frames.map((frame) => frame.type)).toEqual(['end'])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sockets).toHaveLength(1)
  })

  it('joins again by itself from the last point it has', async () => {
    feed().start()
    await settled()
    sockets[0]!.opens()
    since = 1234
    sockets[0]!.breaks(1006)
    expect(states.at(-1)).toBe('retrying')
    await vi.advanceTimersByTimeAsync(400)
    expect(sockets[1]!.url).toBe('ws://here/ws/performance/run/?since=1234')
    sockets[1]!.opens()
    expect(states.at(-1)).toBe('open')
  })

  it('takes a new token when its own has ended, without a wait', async () => {
    feed().start()
    await settled()
    sockets[0]!.opens()
    sockets[0]!.breaks(CLOSE.token)
    await settled()
    expect(asked).toEqual([false, true])
    expect(sockets[1]!.protocols[1]).toBe('fresh')
    expect(states).toEqual(['open'])
  })

})

describe('the line of a feed', () => {
  it('renews its token on the open line a minute before it ends', async () => {
    feed().start()
    await settled()
    sockets[0]!.opens()
    for (let second = 0; second < 850; second += 5) {
      sockets[0]!.says({ type: 'metrics' })
      await vi.advanceTimersByTimeAsync(5_000)
    }
    expect(sockets[0]!.sent).toEqual(['{"token":"fresh"}'])
    expect(sockets).toHaveLength(1)
  })

  it('takes a silent line for a dead one', async () => {
    feed().start()
    await settled()
    sockets[0]!.opens()
    await vi.advanceTimersByTimeAsync(6_500)
    expect(sockets[0]!.closed).toBe(true)
    expect(sockets).toHaveLength(2)
  })

  it('stops where it is no longer allowed, and where the session is over', async () => {
    feed().start()
    await settled()
    sockets[0]!.breaks(CLOSE.forbidden)
    expect(states).toEqual(['forbidden'])
    feed({ token: () => Promise.reject(new Error('over')) }).start()
    await settled()
    expect(states.at(-1)).toBe('signedOut')
  })

  it('asks what is wrong after some attempts in vain', async () => {
    const probe = vi.fn(async () => 'gone' as const)
    feed({ probe }).start()
    await settled()
    for (let attempt = 0; attempt < 3; attempt++) {
      sockets.at(-1)!.breaks(1006)
      await vi.advanceTimersByTimeAsync(3_600)
    }
    expect(probe).toHaveBeenCalledOnce()
    expect(states.at(-1)).toBe('gone')
  })

  it('does not wait when the machine wakes up', async () => {
    const opened = feed()
    opened.start()
    await settled()
    sockets[0]!.breaks(1006)
    opened.wake()
    await settled()
    expect(sockets).toHaveLength(2)
  })
})
