// Tokens of the signed-in user, shared by all tabs of the browser.
//
// A refresh token is good for one exchange: a second use ends the session on the server. So only one tab at a time may
// refresh (`navigator.locks`), and it looks first whether another tab has done so already.
import { shallowRef } from 'vue'
import { SESSION_KEY, storedSession, type Session, type User } from './storedSession'

export type { Session, User } from './storedSession'

interface Pair {
  token: string
  refresh_token: string
}

const LOCK = 'perfsvc.session'

class Sessions {
  /** The session, null when signed out. */
  readonly current = shallowRef<Session | null>(null)
  private channel: BroadcastChannel | null = null

  /** Read what is stored and follow the other tabs. */
  start(): void {
    this.current.value = storedSession()
    this.channel = new BroadcastChannel(SESSION_KEY)
    this.channel.addEventListener('message', () => {
      this.current.value = storedSession()
    })
  }

  get user(): User | null {
    return this.current.value?.user ?? null
  }

  begin(pair: Pair, user: User): void {
    this.keep({ token: pair.token, refreshToken: pair.refresh_token, user })
  }

  end(): void {
    this.keep(null)
  }

  /** The profile was changed. */
  rename(user: User): void {
    const now = this.current.value
    if (now !== null) this.keep({ ...now, user })
  }

  /** Return a token other than `spent`, which the server refused; null when the session is over. */
  async refresh(spent: string): Promise<string | null> {
    return navigator.locks.request(LOCK, async () => {
      const now = storedSession()
      if (now === null || now.token !== spent) {
        this.current.value = now
        return now?.token ?? null
      }
      return this.exchange(now)
    })
  }

  private async exchange(now: Session): Promise<string | null> {
    const reply = await fetch('/api/users/token/refresh/', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ refresh_token: now.refreshToken }),
    })
    if (reply.ok) {
      this.begin((await reply.json()) as Pair, now.user)
      return this.current.value?.token ?? null
    }
    // The service may be away for a moment; only its refusal ends the session.
    if (reply.status === 401) this.end()
    return null
  }

  private keep(next: Session | null): void {
    this.current.value = next
    if (next === null) localStorage.removeItem(SESSION_KEY)
    else localStorage.setItem(SESSION_KEY, JSON.stringify(next))
    this.channel?.postMessage('changed')
  }
}

export const session = new Sessions()
