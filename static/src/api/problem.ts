// An error that the service sent, or that kept its reply away.
import { t } from '@/i18n'
import { fromProxy } from './reachable'

interface Detail {
  /** Where in the body: `config.execution_config.stages[0].duration`. */
  path: string
  message: string
}

export class Problem extends Error {
  override name = 'Problem'

  constructor(
    message: string,
    /** HTTP status; 0 when there was no reply. */
    readonly status: number,
    readonly requestId: string | null = null,
    readonly details: readonly Detail[] = [],
    /** Seconds after which another attempt may succeed. */
    readonly retryAfter: number | null = null,
  ) {
    super(message)
  }

  /** The messages of one field of the body. */
  at(path: string): string[] {
    return this.details.filter((detail) => detail.path === path).map((detail) => detail.message)
  }
}

interface ErrorBody {
  error?: string
  details?: Detail[]
  request_id?: string
}

function isErrorBody(body: unknown): body is ErrorBody {
  return typeof body === 'object' && body !== null && 'error' in body
}

/** A message of the service as a sentence: an English one begins with a capital letter, unless a name of a field does. */
export function sentence(message: string): string {
  return /^[a-z]+[ ,:]/.test(message) ? message.charAt(0).toUpperCase() + message.slice(1) : message
}

/** The Problem of a reply that is not 2xx; `body` is its decoded JSON. */
export function problemOf(response: Response, body: unknown): Problem {
  const said = isErrorBody(body) ? body : {}
  const wait = Number(response.headers.get('Retry-After') ?? Number.NaN)
  return new Problem(
    sentence(said.error ?? t(fromProxy(response) ? 'parts.proxy' : 'parts.noReason', { status: response.status })),
    response.status,
    said.request_id ?? response.headers.get('X-Request-Id'),
    (said.details ?? []).map((detail) => ({ ...detail, message: sentence(detail.message) })),
    Number.isFinite(wait) ? wait : null,
  )
}

/** Any thrown value as a Problem. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  return new Problem(error instanceof Error ? error.message : String(error), 0)
}
