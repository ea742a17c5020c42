/** The variables known at a step, and where each comes from. */
import { innerLists } from './paths'
import { nameOf, namesOf, PARTS } from './types'
import type { Scene, Step } from './types'

export type Origin = 'step' | 'data' | 'environment' | 'built in'

export interface Known {
  name: string
  origin: Origin
  /** The step that extracts it, the data source, or the environment. */
  from: string
  /** The path of that step. */
  path?: string
  /** Whether it may be missing here: its step runs only under a condition, or later in the same loop. */
  maybe: boolean
  value?: string
}

export interface Surroundings {
  environment?: { name: string; variables: Record<string, string> }
  columns?: { source: string; names: string[]; row?: Record<string, unknown> }
  builtIn?: { name: string; value: string }[]
}

interface Found {
  variable: string
  step: string
  path: string
  conditions: string[]
}

/** What is known at the step of this path: extracted before it, given by data and environment, built in. */
export function knownAt(scene: Scene, path: string, around: Surroundings = {}): Known[] {
  const before = new Map<string, Known>()
  for (const found of foundBefore(scene, path)) {
    const maybe = found.conditions.some((condition) => !path.startsWith(condition))
    const old = before.get(found.variable)
    before.set(found.variable, {
      name: found.variable,
      origin: 'step',
      from: found.step,
      path: found.path,
      maybe: maybe && (old?.maybe ?? true),
    })
  }
  return [...[...before.values()].toReversed(), ...given(around, before)]
}

/** The names that data, environment and service give to every step. */
export function namesAround({ columns, environment, builtIn }: Surroundings): Set<string> {
  return new Set([...(columns?.names ?? []), ...Object.keys(environment?.variables ?? {}), ...(builtIn ?? []).map(({ name }) => name)])
}

function given(around: Surroundings, before: ReadonlyMap<string, Known>): Known[] {
  const { columns, environment } = around
  const data = (columns?.names ?? []).map((name): Known => {
    const value = columns?.row?.[name]
    return { name, origin: 'data', from: columns!.source, maybe: false, ...(value === undefined ? {} : { value: String(value) }) }
  })
  const named = new Set([...before.keys(), ...data.map((known) => known.name)])
  const variables = Object.entries(environment?.variables ?? {})
    .filter(([name]) => !named.has(name))
    .map(([name, value]): Known => ({ name, value, origin: 'environment', from: environment!.name, maybe: false }))
  const builtIn = (around.builtIn ?? []).map(
    (known): Known => ({ ...known, origin: 'built in', from: '', maybe: false }),
  )
  return [...data.filter((known) => !before.has(known.name)), ...variables, ...builtIn]
}

function foundBefore(scene: Scene, path: string): Found[] {
  const found: Found[] = []
  for (const part of PARTS) {
    if (walk(scene[part] ?? [], part, path, [], found)) break
  }
  return found
}

/** Collects extracted variables in document order; whether the step of `stop` was reached. */
function walk(steps: Step[], list: string, stop: string, conditions: string[], found: Found[]): boolean {
  return steps.some((step, i) => {
    const path = `${list}[${i}]`
    if (path === stop) return true
    for (const name of (step.extract ?? []).flatMap(namesOf)) found.push({ variable: name, step: nameOf(step), path, conditions })
    const uncertain = step.type === 'if' || step.type === 'while' || step.type === 'choice'
    return innerLists(step).some((inner) => {
      const inside = `${path}.${inner.key}`
      return walk(inner.steps, inside, stop, uncertain ? [...conditions, inside] : conditions, found)
    })
  })
}
