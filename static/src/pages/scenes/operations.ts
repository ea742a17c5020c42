/** The operations of a target and the request of a step: which is chosen, and what another one changes. */
import type { Operation } from '@/api/operations'
import { clean } from '@/load/changes'

type Request = Record<string, unknown>

const text = (value: unknown) => JSON.stringify(clean(value))
const plain = (value: unknown) => typeof value !== 'object' || value === null
/** Fields that lead to a target, by their usual names: of a protocol whose operations are not known. */
const LEADING: ReadonlySet<string> = new Set(['url', 'host', 'port', 'address', 'target', 'server', 'authority', 'headers', 'metadata'])
/** A method may have the slash of its path before it. */
const named = (key: string, value: unknown) => text(key === 'method' && typeof value === 'string' ? value.replace(/^\//, '') : value)

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
    return (names.length ? names : Object.entries(one.request)).every(([key, value]) => named(key, request[key]) === named(key, value))
  })
  return fits.toSorted((a, b) => naming(b).length - naming(a).length)[0] ?? null
}

/** A request with the fields of an operation: what another one has set goes, the rest stays. */
export function withOperation(request: Request, operation: Operation, operations: readonly Operation[]): Request {
  return { ...restOf(request, operations), ...operation.request }
}

/** Whether two requests ask the same target the same. Without operations it is not known what they set, so that only the usual fields count. */
export function sameTarget(one: Request, other: Request, operations: readonly Operation[]): boolean {
  const leading = (request: Request) => (operations.length ? restOf(request, operations) : Object.fromEntries(Object.entries(request).filter(([key]) => LEADING.has(key))))
  return text(leading(one)) === text(leading(other))
}
