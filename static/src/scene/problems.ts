/** What is wrong in a scene, told while it is typed: unknown variables, empty lists, missing fields. */
import { namesAround } from './known'
import type { Surroundings } from './known'
import { innerLists } from './paths'
import { isVariable, variablesIn, within } from './templates'
import { everyStep } from './tree'
import { kindOf, namesOf } from './types'
import type { Scene, Step } from './types'

type SceneFault =
  | { code: 'unknown variable'; name: string }
  | { code: 'mistake'; name: string; text: string }
  | { code: 'full-width braces'; name: string }
  | { code: 'no steps' }
  | { code: 'no name' }
  | { code: 'no condition' }

type SceneProblem = SceneFault & { path: string; severity: 'error' | 'warning' }

/** What the service says of an expression; null where nothing is wrong, or nothing is known yet. */
type Judge = (expression: string) => string | null

/** Problems of the whole scene. Unknown variables are warnings where what the data gives is not known here. */
export function problemsIn(scene: Scene, around: Surroundings, dataKnown: boolean, judge: Judge = () => null): SceneProblem[] {
  const known = namesAround(around)
  const found: SceneProblem[] = []
  for (const { path, step } of everyStep(scene)) {
    found.push(...shapeProblems(step).map((fault): SceneProblem => ({ ...fault, path, severity: 'error' })))
    found.push(...variableProblems(step, path, known, dataKnown), ...mistakes(step, path, judge))
    found.push(...fullWidthIn(step).map((name): SceneProblem => ({ code: 'full-width braces', name, path, severity: 'warning' })))
    for (const name of (step.extract ?? []).flatMap(namesOf)) known.add(name)
  }
  if (!(scene.steps ?? []).length) found.push({ code: 'no steps', path: 'steps', severity: 'error' })
  return found
}

function shapeProblems(step: Step): SceneFault[] {
  const faults: SceneFault[] = []
  const kind = kindOf(step)
  if (!(step.name ?? kind).trim()) faults.push({ code: 'no name' })
  const conditional = kind === 'if' || kind === 'while' || step.condition != null
  if (conditional && !step.condition?.variable) faults.push({ code: 'no condition' })
  const empty = innerLists(step).some((list) => list.key !== 'otherwise' && list.steps.length === 0)
  if (empty) faults.push({ code: 'no steps' })
  return faults
}

// Steps are never changed in place, so what one uses is found once.
const used = new WeakMap<Step, string[]>()
function expressionsIn(step: Step): string[] {
  let names = used.get(step)
  if (names === undefined) {
    const condition = step.condition?.variable && step.condition.is !== 'absent' ? [step.condition.variable] : []
    names = [...new Set([...within(step.request), ...within(step.checks), ...within(step.extract), ...within(step.condition?.value), ...condition])]
    used.set(step, names)
  }
  return names
}

function variableProblems(step: Step, path: string, known: ReadonlySet<string>, dataKnown: boolean): SceneProblem[] {
  const unknown = new Set(expressionsIn(step).flatMap(variablesIn).filter((name) => !known.has(name)))
  return [...unknown].map((name): SceneProblem => ({ code: 'unknown variable', name, path, severity: dataKnown ? 'error' : 'warning' }))
}

function mistakes(step: Step, path: string, judge: Judge): SceneProblem[] {
  return expressionsIn(step).flatMap((name): SceneProblem[] => {
    const text = isVariable(name) ? null : judge(name)
    return text === null ? [] : [{ code: 'mistake', name, text, path, severity: 'error' }]
  })
}

const NAME = String.raw`\s*[\p{L}_$][^｛｝{}"]*`
const FULL_WIDTH = new RegExp(`(?:｛｛|｛\\{|\\{｛)${NAME}[｝}]{2}|\\{\\{${NAME}(?:｝[｝}]|\\}｝)`, 'gu')

/** What would be a placeholder with other braces: an input method for Chinese writes wide ones. */
function fullWidthIn(step: Step): string[] {
  return JSON.stringify(step.request ?? '').match(FULL_WIDTH) ?? []
}
