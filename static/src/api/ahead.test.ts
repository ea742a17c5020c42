import { beforeEach, describe, expect, it, vi } from 'vitest'

const HOST = 'http://localhost:8000'
const PATH = '/api/x/'
const ask = (method = 'GET') => new Request(`${HOST}${PATH}`, { method })

beforeEach(() => {
  vi.resetModules()
  vi.stubGlobal('location', { origin: HOST })
  vi.stubGlobal('performance', { now: () => 0 })
  vi.stubGlobal('fetch', vi.fn(async () => new Response('ahead')))
})

describe('a reply that was asked for ahead', () => {
  it('is taken once, by the same session', async () => {
    const { readAhead, takeAhead } = await import('./ahead')
    void readAhead(PATH, 'token', 'en')
    expect(await (await takeAhead(ask(), 'token'))?.text()).toBe('ahead')
    expect(await takeAhead(ask(), 'token')).toBeNull()
    void readAhead(PATH, 'token', 'en')
    expect(await takeAhead(ask(), 'another')).toBeNull()
  })

  it('is out of date after a change', async () => {
    const { readAhead, takeAhead } = await import('./ahead')
    void readAhead(PATH, 'token', 'en')
    await takeAhead(ask('POST'), 'token')
    expect(await takeAhead(ask(), 'token')).toBeNull()
  })

  it('is not asked for where the app has done so by itself', async () => {
    const { readAhead, takeAhead } = await import('./ahead')
    expect(await takeAhead(ask(), 'token')).toBeNull()
    expect(await readAhead(PATH, 'token', 'en')).toBeNull()
    expect(fetch).not.toHaveBeenCalled()
  })
})
