/** New steps, with as much filled in as makes them sound. */
import { fromCurl } from './curl'
import { everyStep } from './tree'
import { kindOf, nameOf } from './types'
import type { Kind, Option, Scene, Step } from './types'

/** A step of a kind with a name that no other step of the scene has; the branches of a choice hold requests named `inner`. */
export function newStep(kind: Kind, name: string, scene: Scene, protocol?: string, inner = name): Step {
  const step: Step = { type: kind, name: free(name, scene), ...BODY[kind]() }
  if (kind === 'choice') return { ...step, options: branches(inner, { ...scene, steps: [...(scene.steps ?? []), step] }) }
  return kind === 'request' && protocol && protocol !== 'http' ? { ...step, protocol, request: {} } : step
}

/** A branch without steps is no branch. */
function branches(inner: string, scene: Scene): Option[] {
  const first = newStep('request', inner, scene)
  const second = newStep('request', inner, { ...scene, steps: [...(scene.steps ?? []), first] })
  return [{ weight: 70, steps: [first] }, { weight: 30, steps: [second] }]
}

const BODY: Record<Kind, () => Step> = {
  request: () => ({ request: { method: 'GET', url: '/' } }),
  group: () => ({ steps: [] }),
  loop: () => ({ times: 3, steps: [] }),
  while: () => ({ condition: { variable: '', is: 'present' }, max_times: 10, steps: [] }),
  if: () => ({ condition: { variable: '', is: 'present' }, steps: [], otherwise: [] }),
  choice: () => ({ options: [] }),
  think: () => ({ think_time: { type: 'uniform', min: 1, max: 3 } }),
  break: () => ({ condition: { variable: '', is: 'present' } }),
  stop: () => ({ what: 'iteration', condition: { variable: '', is: 'present' } }),
  rendezvous: () => ({ users: 10 }),
}

function free(name: string, scene: Scene): string {
  const taken = new Set(everyStep(scene).map(({ step }) => nameOf(step)))
  if (!taken.has(name)) return name
  let number = 2
  while (taken.has(`${name} ${number}`)) number++
  return `${name} ${number}`
}

/** Steps as text for the clipboard. */
export function copied(steps: Step[]): string {
  return JSON.stringify(steps.length === 1 ? steps[0] : steps, null, 2)
}

/** The steps in a text: those copied here, or the request of a cURL command, with what of it was left out; null where it holds none. */
export function stepsIn(text: string, scene: Scene): { steps: Step[]; left: string[] } | null {
  const found = fromCurl(text)
  if (found) return { steps: [{ ...found.step, name: free(nameOf(found.step), scene) }], left: found.left }
  const steps = pasted(text)
  return steps && { steps, left: [] }
}

/** The steps of JSON: one, a list, or a whole scene's; null where it holds none. */
export function pasted(text: string): Step[] | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const scene = typeof value === 'object' && value !== null && !('type' in value) && 'steps' in value
  const list = Array.isArray(value) ? value : scene ? (value as Scene).steps : [value]
  return Array.isArray(list) && list.length > 0 && list.every(isStep) ? list : null
}

function isStep(value: unknown): value is Step {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const step = value as Step
  return kindOf(step) in BODY && (step.type !== undefined || step.request !== undefined)
}

/** A short label for a step whose name says little: the method of a request, how often a loop runs. */
export function methodOf(step: Step): string {
  const method = step.request?.method
  return typeof method === 'string' && method ? method : 'GET'
}
