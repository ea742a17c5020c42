// One cache for all that is read from the service. Each resource has a file with its queries and changes.
import { QueryClient } from '@tanstack/vue-query'
import { asProblem } from './problem'

const ATTEMPTS = 2

/** Whether another attempt can help: the service was away or refused for the moment. */
function passing(error: unknown): boolean {
  const { status } = asProblem(error)
  return status === 0 || status >= 502
}

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Data is replaced, never changed in place: without a proxy around each of its objects reading it costs nothing.
      shallow: true,
      staleTime: 10_000,
      retry: (failures, error) => failures < ATTEMPTS && passing(error),
      retryDelay: (failures) => 500 * 2 ** failures,
    },
    mutations: { retry: false },
  },
})
