// Requests whose body is free in form, or whose endpoint this version of the service may not have.
import { send, unread } from './client'
import { problemOf } from './problem'

interface Options {
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal | undefined
  /** Statuses that mean “there is no such thing here”: the reply is null. */
  absent?: number[]
}

async function reach(method: string, path: string, { body, headers, signal }: Options): Promise<Response> {
  const request = new Request(new URL(path, location.origin), {
    method,
    headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  })
  try {
    return await send(request)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw unread(error)
  }
}

async function decoded<T>(reply: Response): Promise<T> {
  if (!reply.ok) throw problemOf(reply, await reply.json().catch(() => null))
  const body: unknown = await reply.json().catch((error: unknown) => Promise.reject(unread(error)))
  return body as T
}

/** Return the decoded body of a 2xx reply; raise a Problem for any other. */
export async function raw<T>(method: string, path: string, options: Options = {}): Promise<T | null> {
  const reply = await reach(method, path, options)
  return options.absent?.includes(reply.status) ? null : decoded<T>(reply)
}

/** What several people edit. A change names the version that it was made to: where there is a later one it is a 409. */
export interface Versioned {
  version: string
}

/** The same of a resource with its version. `since` is the version that was edited, if any. */
export async function versioned<T extends Versioned>(
  method: string,
  path: string,
  body?: unknown,
  since: string | null = null,
): Promise<T> {
  const reply = await reach(method, path, { body, headers: since ? { 'If-Match': since } : {} })
  return { ...(await decoded<T>(reply)), version: reply.headers.get('ETag') ?? '' }
}
