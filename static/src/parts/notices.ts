// Short messages at the edge of the page: what was done, or why it was not.
import { shallowRef } from 'vue'
import { asProblem, type Problem } from '@/api/problem'

interface Notice {
  id: number
  text: string
  kind: 'done' | 'failed'
}

const MOST_PLACES = 3
const STAY_MS = { done: 4000, failed: 10_000 }
export const notices = shallowRef<readonly Notice[]>([])
let last = 0

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id)
}

function show(text: string, kind: Notice['kind']): void {
  last += 1
  const id = last
  notices.value = [...notices.value, { id, text, kind }]
  setTimeout(() => dismiss(id), STAY_MS[kind])
}

export function done(text: string): void {
  show(text, 'done')
}

/** Something is in the way, without an attempt having failed. */
export function warned(text: string): void {
  show(text, 'failed')
}

/** What is wrong, with its places where there are any: nothing else on the page may show them. */
function said({ message, details, status, requestId }: Problem): string {
  const places = details.slice(0, MOST_PLACES).map((detail) => `${detail.path}: ${detail.message}`)
  if (places.length) return [message, ...places].join('\n')
  return requestId !== null && status >= 500 ? `${message} (${requestId})` : message
}

export function failed(error: unknown): void {
  show(said(asProblem(error)), 'failed')
}
