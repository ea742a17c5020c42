/** Whether a document has the shape of a scene, so that it can be shown. What is right in it the service says. */
import { KINDS, PARTS } from './types'

export interface ShapeFault {
  /** Keys from the whole to what is wrong. */
  path: (string | number)[]
  reason: 'object' | 'list' | 'text' | 'kind'
}
type Path = ShapeFault['path']

export function shapeFault(value: unknown): ShapeFault | null {
  if (!isObject(value)) return { path: [], reason: 'object' }
  return textAt(value, 'name', []) ?? first(PARTS.map((part) => stepsAt(value, part, [])))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
const first = (found: (ShapeFault | null)[]) => found.find((one) => one !== null) ?? null

function textAt(owner: Record<string, unknown>, key: string, path: Path): ShapeFault | null {
  const value = owner[key]
  return value === undefined || typeof value === 'string' ? null : { path: [...path, key], reason: 'text' }
}

/** A list of which each entry is judged. */
function listAt(owner: Record<string, unknown>, key: string, path: Path, judge: (entry: Record<string, unknown>, at: Path) => ShapeFault | null): ShapeFault | null {
  const value = owner[key]
  if (value === undefined) return null
  const at = [...path, key]
  if (!Array.isArray(value)) return { path: at, reason: 'list' }
  return first(value.map((entry, i) => (isObject(entry) ? judge(entry, [...at, i]) : { path: [...at, i], reason: 'object' })))
}

const stepsAt = (owner: Record<string, unknown>, key: string, path: Path) => listAt(owner, key, path, stepFault)

function stepFault(step: Record<string, unknown>, at: Path): ShapeFault | null {
  if (step.type !== undefined && !(KINDS as readonly unknown[]).includes(step.type)) return { path: [...at, 'type'], reason: 'kind' }
  const objects = ['request', 'condition', 'think_time', 'set'].filter((key) => step[key] != null && !isObject(step[key]))
  const lists = ['extract', 'checks'].map((key) => listAt(step, key, at, () => null))
  const inner = ['steps', 'otherwise'].map((key) => stepsAt(step, key, at))
  return first([
    textAt(step, 'name', at),
    ...objects.map((key): ShapeFault => ({ path: [...at, key], reason: 'object' })),
    ...lists, ...inner,
    listAt(step, 'options', at, (option, place) => stepsAt({ steps: [], ...option }, 'steps', place)),
  ])
}
