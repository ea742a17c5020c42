// Requests that are sent before the app is there; the app's own requests take their replies.
//
// Between the address and the first request of the app lie the download of the app and its start. What a page reads is
// known from its address, so it is on its way in that time. A reply is taken once, while it is fresh, and only by the
// session that asked for it.

interface Sent {
  at: number
  token: string
  reply: Promise<Response | null>
}

const FRESH_MS = 10_000
const sent = new Map<string, Sent>()
/** What the app has asked for by itself in the first seconds: a reply ahead of that would be taken by a later request. */
const asked = new Set<string>()

/** Send a GET as the client would; the reply is null when the service cannot be reached. */
export function readAhead(path: string, token: string, language: string): Promise<Response | null> {
  if (asked.has(path)) return Promise.resolve(null)
  const headers = { 'Accept-Language': language, Authorization: `Bearer ${token}` }
  const reply = fetch(path, { headers }).catch(() => null)
  sent.set(path, { at: performance.now(), token, reply })
  return reply
}

/** The reply to the same request, sent ahead of this one; null if no such request was sent. After a change all are out of date. */
export async function takeAhead({ method, url }: Request, token: string | undefined): Promise<Response | null> {
  if (method !== 'GET') sent.clear()
  const path = url.slice(location.origin.length)
  if (performance.now() < FRESH_MS) asked.add(path)
  const found = method === 'GET' ? sent.get(path) : undefined
  if (found === undefined) return null
  sent.delete(path)
  return found.token === token && performance.now() - found.at < FRESH_MS ? found.reply : null
}
