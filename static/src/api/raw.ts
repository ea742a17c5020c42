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

/** Return the decoded body of a 2xx reply; raise a Problem for any other. */
export async function raw<T>(method: string, path: string, options: Options = {}): Promise<T | null> {
  const reply = await reach(method, path, options)
  if (options.absent?.includes(reply.status)) return null
  if (!reply.ok) throw problemOf(reply, await reply.json().catch(() => null))
  const decoded: unknown = await reply.json().catch((error: unknown) => Promise.reject(unread(error)))
  return decoded as T
}
