/** The operations of a target and the request of a step: which is chosen, and what another one changes. */
import type { Operation } from '@/api/operations'
import { clean } from '@/load/changes'

type Request = Record<string, unknown>

const text = (value: unknown) => JSON.stringify(clean(value))
const plain = (value: unknown) => typeof value !== 'object' || value === null

/** What of a request none of the operations sets: it leads to the target. */
export function restOf(request: Request, operations: readonly Operation[]): Request {
  const theirs = new Set(operations.flatMap((one) => Object.keys(one.request)))
  return Object.fromEntries(Object.entries(request).filter(([key]) => !theirs.has(key)))
}

/** The operation that a request is one of: the fields that name it are the same, what is to be filled in is not looked at. */
export function chosenOf(request: Request, operations: readonly Operation[]): Operation | null {
  const naming = (one: Operation) => Object.entries(one.request).filter(([, value]) => plain(value))
  const fits = operations.filter((one) => {
    const names = naming(one)
    return (names.length ? names : Object.entries(one.request)).every(([key, value]) => text(request[key]) === text(value))
  })
  return fits.toSorted((a, b) => naming(b).length - naming(a).length)[0] ?? null
}

/** A request with the fields of an operation: what another one has set goes, the rest stays. */
export function withOperation(request: Request, operation: Operation, operations: readonly Operation[]): Request {
  return { ...restOf(request, operations), ...operation.request }
}

/** Whether two requests ask the same target the same. */
export function sameTarget(one: Request, other: Request, operations: readonly Operation[]): boolean {
  return text(restOf(one, operations)) === text(restOf(other, operations))
}
