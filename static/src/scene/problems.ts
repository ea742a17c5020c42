/** What is wrong in a scene, told while it is typed: unknown variables, empty lists, missing fields. */
import { knownAt } from './known'
import type { Surroundings } from './known'
import { innerLists } from './paths'
import { fitnessOf, nearest, within } from './templates'
import { everyStep } from './tree'
import { kindOf } from './types'
import type { Scene, Step } from './types'

export type SceneFault =
  | { code: 'unknown variable'; name: string; meant: string | null }
  | { code: 'malformed placeholder'; name: string }
  | { code: 'no steps' }
  | { code: 'no name' }
  | { code: 'no condition' }

export type SceneProblem = SceneFault & { path: string; severity: 'error' | 'warning' }

/** Problems of the whole scene. Unknown variables are warnings where what the data gives is not known here. */
export function problemsIn(scene: Scene, around: Surroundings, dataKnown: boolean): SceneProblem[] {
  const found: SceneProblem[] = everyStep(scene).flatMap(({ path, step }) => [
    ...shapeProblems(step).map((fault): SceneProblem => ({ ...fault, path, severity: 'error' })),
    ...variableProblems(scene, path, step, around, dataKnown),
  ])
  if (!(scene.steps ?? []).length) found.push({ code: 'no steps', path: 'steps', severity: 'error' })
  return found
}

function shapeProblems(step: Step): SceneFault[] {
  const faults: SceneFault[] = []
  const kind = kindOf(step)
  if (!(step.name ?? kind).trim()) faults.push({ code: 'no name' })
  if ((kind === 'if' || kind === 'while') && !step.condition?.variable) faults.push({ code: 'no condition' })
  const empty = innerLists(step).some((list) => list.key !== 'otherwise' && list.steps.length === 0)
  if (empty) faults.push({ code: 'no steps' })
  return faults
}

function variableProblems(scene: Scene, path: string, step: Step, around: Surroundings, dataKnown: boolean): SceneProblem[] {
  const names = new Set([...within(step.request), ...within(step.checks)])
  if (step.condition?.variable && step.condition.is !== 'absent') names.add(step.condition.variable)
  if (!names.size) return []
  const known = new Set(knownAt(scene, path, around).map((one) => one.name))
  return [...names].flatMap((name): SceneProblem[] => {
    const fitness = fitnessOf(name, known)
    if (fitness === 'malformed') return [{ code: 'malformed placeholder', name, path, severity: 'error' }]
    if (fitness !== 'unknown') return []
    return [{ code: 'unknown variable', name, meant: nearest(name, known), path, severity: dataKnown ? 'error' : 'warning' }]
  })
}
