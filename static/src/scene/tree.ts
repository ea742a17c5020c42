/** A scene as the rows of a tree, in document order. */
import { innerLists } from './paths'
import { kindOf, nameOf, PARTS } from './types'
import type { Kind, Part, Scene, Step } from './types'

export interface StepRow {
  row: 'step'
  path: string
  depth: number
  step: Step
  kind: Kind
  name: string
  holds: boolean
}

/** A heading above a list: of a part of the scene, of an `otherwise`, or of a branch of a choice. */
export interface HeadRow {
  row: 'part' | 'otherwise' | 'option'
  path: string
  depth: number
  part?: Part
  weight?: number
  percent?: number
  number?: number
}

export type Row = StepRow | HeadRow

/** Rows of all parts; steps within a folded one are left out. */
export function rowsOf(scene: Scene, folded: ReadonlySet<string> = new Set()): Row[] {
  return PARTS.flatMap((part) => {
    const head: HeadRow = { row: 'part', path: part, depth: 0, part }
    return [head, ...listRows(scene[part] ?? [], part, 0, folded)]
  })
}

function listRows(steps: Step[], path: string, depth: number, folded: ReadonlySet<string>): Row[] {
  return steps.flatMap((step, i) => stepRows(step, `${path}[${i}]`, depth, folded))
}

function stepRows(step: Step, path: string, depth: number, folded: ReadonlySet<string>): Row[] {
  const lists = innerLists(step)
  const own: StepRow = { row: 'step', path, depth, step, kind: kindOf(step), name: nameOf(step), holds: lists.length > 0 }
  if (folded.has(path)) return [own]
  const sum = lists.reduce((all, list) => all + (list.weight ?? 0), 0)
  const inner = lists.flatMap((list, i): Row[] => {
    const inside = `${path}.${list.key}`
    const rows = listRows(list.steps, inside, depth + 1, folded)
    if (list.key === 'otherwise') {
      return [{ row: 'otherwise', path: inside, depth }, ...rows]
    }
    if (list.weight === undefined) return rows
    const percent = sum ? Math.round((list.weight / sum) * 100) : 0
    return [{ row: 'option', path: inside, depth, weight: list.weight, percent, number: i + 1 }, ...rows]
  })
  return [own, ...inner]
}

/** Every step of the scene with its path, in document order. */
export function everyStep(scene: Scene): { path: string; step: Step }[] {
  return rowsOf(scene).flatMap((row) => (row.row === 'step' ? [{ path: row.path, step: row.step }] : []))
}
