/**
 * The live feed of a run: joins, joins again after a loss where it left off, and renews its token before that ends.
 * What is drawn is not its affair: every frame goes to `onFrame`.
 */

import type { Frame } from '@/run/frames'

export type FeedState = 'connecting' | 'open' | 'retrying' | 'ended' | 'signedOut' | 'forbidden' | 'gone'

export const CLOSE = { ended: 1000, failed: 1011, tooSlow: 1013, token: 4401, forbidden: 4403 } as const
const WAITS_MS = [250, 500, 1000, 2000, 3000]
/** A run tells something every second, also in a pause; after so long without a word the line is dead. */
const SILENCE_MS = 6_000
/** A token is renewed this long before it ends. */
const RENEW_AHEAD_S = 60
/** Not sooner than this, whatever the clock of this machine says. */
const SOONEST_RENEWAL_S = 5

export interface Token {
  text: string
  /** Unix seconds. */
  expires: number
}
export interface FeedOptions {
  /** Address of the feed without its query. */
  url: string
  /** A token that is still good; `fresh` asks for a new one. Rejects when the session is over. */
  token: (fresh: boolean) => Promise<Token>
  /** Time of the last point that is known, or null for everything. */
  since: () => number | null
  onFrame: (frame: Frame) => void
  onState: (state: FeedState) => void
  /** What a feed that cannot be joined means: asked after some attempts in vain. */
  probe: () => Promise<'ok' | 'down' | 'forbidden' | 'gone'>
  open?: (url: string, protocols: string[]) => WebSocket
  now?: () => number
}

export class Feed {
  state: FeedState = 'connecting'
  private socket: WebSocket | null = null
  private attempts = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private silence: ReturnType<typeof setTimeout> | undefined
  private renewal: ReturnType<typeof setTimeout> | undefined
  private ended = false
  private closed = false

  constructor(private readonly options: FeedOptions) {}

  start(): void {
    void this.join(false)
  }

  /** Leave for good. */
  close(): void {
    this.closed = true
    this.drop()
    clearTimeout(this.timer)
  }

  /** The machine woke up or is online again: do not wait for the next attempt. */
  wake(): void {
    if (this.state !== 'retrying' || this.closed) return
    this.attempts = 0
    clearTimeout(this.timer)
    void this.join(false)
  }

  /** Leave and join for the whole history, in fewer points. */
  rejoin(): void {
    this.drop()
    void this.join(false, true)
  }

  private async join(fresh: boolean, whole = false): Promise<void> {
    let token: Token
    try {
      token = await this.options.token(fresh)
    } catch (error) {
      this.unable(error)
      return
    }
    if (this.closed) return
    const since = whole ? null : this.options.since()
    const address = since === null ? this.options.url : `${this.options.url}?since=${since}`
    const open = this.options.open ?? ((url, protocols) => new WebSocket(url, protocols))
    const socket = open(address, ['bearer', token.text])
    this.socket = socket
    socket.addEventListener('open', () => this.joined(token))
    socket.addEventListener('message', (message) => this.heard(message.data as string))
    socket.addEventListener('close', (event) => {
      if (this.socket === socket) this.lost(event.code)
    })
  }

  /** No token: the session has ended, or the server does not respond. */
  private unable(error: unknown): void {
    if (this.closed) return
    if (error instanceof TypeError) this.retry()
    else this.become('signedOut')
  }

  private joined(token: Token): void {
    this.attempts = 0
    this.become('open')
    this.listen()
    this.renewBefore(token)
  }

  private heard(text: string): void {
    this.listen()
    const frame = JSON.parse(text) as Frame
    if (frame.type === 'end') this.ended = true
    if (frame.type === 'token' && !frame.data.accepted) {
      void this.renew()
      return
    }
    this.options.onFrame(frame)
  }

  private lost(code: number): void {
    this.drop()
    if (this.closed) return
    if (this.ended) this.become('ended')
    else if (code === CLOSE.forbidden) this.become('forbidden')
    else if (code === CLOSE.token) void this.join(true)
    else if (code === CLOSE.tooSlow) void this.join(false)
    else this.retry()
  }

  private retry(): void {
    this.become('retrying')
    const wait = WAITS_MS[Math.min(this.attempts, WAITS_MS.length - 1)]!
    this.attempts++
    this.timer = setTimeout(() => void this.again(), wait * (0.8 + 0.4 * Math.random()))
  }

  private async again(): Promise<void> {
    if (this.attempts >= 3) {
      const found = await this.options.probe()
      if (this.closed) return
      if (found === 'forbidden' || found === 'gone') {
        this.become(found)
        return
      }
      if (found === 'down') {
        this.retry()
        return
      }
    }
    void this.join(this.attempts >= 3)
  }

  private listen(): void {
    clearTimeout(this.silence)
    this.silence = setTimeout(() => this.lost(CLOSE.failed), SILENCE_MS)
  }

  private renewBefore(token: Token): void {
    clearTimeout(this.renewal)
    const now = (this.options.now ?? Date.now)() / 1000
    const wait = Math.max(SOONEST_RENEWAL_S, token.expires - now - RENEW_AHEAD_S)
    if (wait < 86_400) this.renewal = setTimeout(() => void this.renew(), wait * 1000)
  }

  private async renew(): Promise<void> {
    try {
      const token = await this.options.token(true)
      this.socket?.send(JSON.stringify({ token: token.text }))
      this.renewBefore(token)
    } catch {
      // The feed goes on until its token ends; then it is closed with 4401 and the page says so.
    }
  }

  private drop(): void {
    clearTimeout(this.silence)
    clearTimeout(this.renewal)
    const socket = this.socket
    this.socket = null
    socket?.close()
  }

  private become(state: FeedState): void {
    this.state = state
    this.options.onState(state)
  }
}
