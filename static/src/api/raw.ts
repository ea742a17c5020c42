// Requests whose body is free in form, or whose endpoint this version of the service may not have.
import { t } from '@/i18n'
import { send } from './client'
import { Problem, problemOf } from './problem'

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
    throw new Problem(t('parts.unreachable'), 0)
  }
}

/** Return the decoded body of a 2xx reply; raise a Problem for any other. */
export async function raw<T>(method: string, path: string, options: Options = {}): Promise<T | null> {
  const reply = await reach(method, path, options)
  if (options.absent?.includes(reply.status)) return null
  const decoded: unknown = await reply.json().catch(() => null)
  if (!reply.ok) throw problemOf(reply, decoded)
  return decoded as T
}
