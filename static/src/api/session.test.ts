import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { User } from './session'

const user = { id: 1, username: 'lin' } as User

/** What the browser has and Node has not: storage, and locks that let one in after the other. */
function browser(): Map<string, string> {
  const kept = new Map<string, string>()
  let last: Promise<unknown> = Promise.resolve()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  })
  vi.stubGlobal('navigator', {
    locks: {
      request: (_name: string, work: () => Promise<unknown>) => {
        last = last.then(work)
        return last
      },
    },
  })
  return kept
}

async function tab() {
  vi.resetModules()
  return (await import('./session')).session
}

/** The service: each refresh token is good once. */
function service() {
  let count = 0
  const used = new Set<string>()
  return vi.fn(async (_path: string, { body }: { body: string }) => {
    const { refresh_token: token } = JSON.parse(body) as { refresh_token: string }
    if (used.has(token)) return new Response('{}', { status: 401 })
    used.add(token)
    count += 1
    return Response.json({ token: `token ${count}`, refresh_token: `refresh ${count}` })
  })
}

describe('refreshing', () => {
  let kept: Map<string, string>
  beforeEach(() => {
    kept = browser()
  })

  it('spends a refresh token once, whichever tab asks', async () => {
    const exchange = service()
    vi.stubGlobal('fetch', exchange)
    const one = await tab()
    one.begin({ token: 'old', refresh_token: 'first' }, user)
    const other = await tab()
    const fresh = await Promise.all([one.refresh('old'), other.refresh('old'), one.refresh('old')])
    expect(fresh).toEqual(['token 1', 'token 1', 'token 1'])
    expect(exchange).toHaveBeenCalledTimes(1)
    expect(JSON.parse(kept.get('perfsvc.session')!)).toMatchObject({ token: 'token 1', refreshToken: 'refresh 1' })
  })

  it('ends the session when the service refuses', async () => {
    vi.stubGlobal('fetch', async () => new Response('{}', { status: 401 }))
    const session = await tab()
    session.begin({ token: 'old', refresh_token: 'first' }, user)
    expect(await session.refresh('old')).toBeNull()
    expect(session.current.value).toBeNull()
    expect(kept.size).toBe(0)
  })

  it('keeps the session while the service is away', async () => {
    vi.stubGlobal('fetch', async () => new Response('', { status: 503 }))
    const session = await tab()
    session.begin({ token: 'old', refresh_token: 'first' }, user)
    expect(await session.refresh('old')).toBeNull()
    expect(session.user).toEqual(user)
  })
})
