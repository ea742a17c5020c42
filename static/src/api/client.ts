// The client of the REST API. Types come from the service's own description (schema.d.ts).
import createClient from 'openapi-fetch'
import { language, t } from '@/i18n'
import { takeAhead } from './ahead'
import { Problem, problemOf } from './problem'
import { reach } from './reachable'
import type { components, paths } from './schema'
import { session } from './session'

export type Schemas = components['schemas']

function prepared(request: Request, token: string | undefined): Request {
  const headers = new Headers(request.headers)
  headers.set('Accept-Language', language.value)
  if (token !== undefined) headers.set('Authorization', `Bearer ${token}`)
  return new Request(request, { headers })
}

/** Send a request with language and token; once more when the token has ended. */
export async function send(request: Request): Promise<Response> {
  const token = session.current.value?.token
  const again = request.clone()
  const reply = (await takeAhead(request, token)) ?? (await reach(prepared(request, token)))
  if (reply.status !== 401 || token === undefined) return reply
  const fresh = await session.refresh(token)
  return fresh === null ? reply : reach(prepared(again, fresh))
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: send })

/** Why nothing could be read: no reply came, or one that is not the service's. */
export function unread(error: unknown): Problem {
  return new Problem(t(error instanceof SyntaxError ? 'parts.notOurs' : 'parts.unreachable'), 0)
}

interface Reply<T> {
  data?: T
  error?: unknown
  response: Response
}

/** Return the body of a 2xx reply; raise a Problem for any other, and for none. */
export async function ask<T>(call: Promise<Reply<T>>): Promise<T> {
  let reply: Reply<T>
  try {
    reply = await call
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw unread(error)
  }
  if (!reply.response.ok) throw problemOf(reply.response, reply.error)
  return reply.data as T
}
