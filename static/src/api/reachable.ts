// Whether the service replies. What keeps its replies away is said once, on every page, until one comes.
import { ref, shallowRef } from 'vue'

/** Unix milliseconds of the first request that got no reply; null while the service replies. */
export const awaySince = shallowRef<number | null>(null)
/** The page itself says that the service is away. */
export const saidByPage = ref(false)

/** What a proxy sends in the service's place. */
const OF_PROXIES: ReadonlySet<number> = new Set([502, 503, 504])

export function isJson(reply: Response): boolean {
  return reply.headers.get('Content-Type')?.includes('json') ?? false
}

/** Whether a reply says that the service behind a proxy is away. */
export function fromProxy(reply: Response): boolean {
  return OF_PROXIES.has(reply.status) && !isJson(reply)
}

/** Send a request, and note whether the service replied. */
export async function reach(request: Request): Promise<Response> {
  try {
    const reply = await fetch(request)
    note(!fromProxy(reply))
    return reply
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'AbortError')) note(false)
    throw error
  }
}

function note(replied: boolean): void {
  awaySince.value = replied ? null : (awaySince.value ?? Date.now())
}
