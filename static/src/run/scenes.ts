/** Which steps belong to which scene, from the config that a run was started with: for runs without a feed. */

import type { SceneTree, StepNode } from './frames'

interface SpecStep {
  type?: string
  name?: string
  steps?: SpecStep[]
  otherwise?: SpecStep[]
  options?: { steps: SpecStep[] }[]
}
const PARTS = ['setup', 'on_start', 'steps', 'teardown'] as const

/** A measured step before it is known which row it has; `parent` is its place in the list. */
interface Measured {
  name: string
  type: 'request' | 'group'
  parent: number | null
}

/** Measured steps come in the order of the scenes; names are compared so that a wrong guess shows nothing rather than nonsense. */
export function scenesOf(config: Record<string, unknown> | undefined, rows: readonly { index: number; name: string }[]): SceneTree[] {
  const scenes = config?.scenes as { weight: number; scene: { name: string } & Partial<Record<(typeof PARTS)[number], SpecStep[]>> }[] | undefined
  if (!Array.isArray(scenes)) return []
  const left = [...rows]
  const trees = scenes.map(({ weight, scene }) => {
    const found: Measured[] = []
    for (const part of PARTS) measure(scene[part] ?? [], null, found)
    return { name: scene.name, weight, steps: placed(found, left) }
  })
  return left.length ? [] : trees
}

function measure(steps: SpecStep[], parent: number | null, found: Measured[]): void {
  for (const step of steps) {
    const type = step.type ?? 'request'
    let around = parent
    if (type === 'group' || type === 'request') {
      found.push({ name: step.name ?? '', type, parent })
      if (type === 'group') around = found.length - 1
    }
    for (const list of [step.steps, step.otherwise, ...(step.options ?? []).map((option) => option.steps)]) measure(list ?? [], around, found)
  }
}

/** Each with the row of its name, which is taken from those that are left. */
function placed(found: readonly Measured[], left: { index: number; name: string }[]): StepNode[] {
  const rows = found.map(({ name }) => {
    const at = left.findIndex((row) => row.name === name)
    return at < 0 ? null : left.splice(at, 1)[0]!.index
  })
  return found.flatMap(({ name, type, parent }, at) =>
    rows[at] === null ? [] : [{ index: rows[at]!, name, type, protocol: null, part: 'steps' as const, parent: parent === null ? null : rows[parent]!, depth: 0 }],
  )
}
