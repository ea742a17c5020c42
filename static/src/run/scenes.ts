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

/** Measured steps come in the order of the scenes; names are compared so that a wrong guess shows nothing rather than nonsense. */
export function scenesOf(config: Record<string, unknown> | undefined, rows: readonly { index: number; name: string }[]): SceneTree[] {
  const scenes = config?.scenes as { weight: number; scene: { name: string } & Partial<Record<(typeof PARTS)[number], SpecStep[]>> }[] | undefined
  if (!Array.isArray(scenes)) return []
  const left = [...rows]
  const trees = scenes.map(({ weight, scene }) => {
    const names = PARTS.flatMap((part) => measured(scene[part] ?? []))
    const steps = names.flatMap((name) => taken(left, name))
    return { name: scene.name, weight, steps }
  })
  return left.length ? [] : trees
}

function measured(steps: SpecStep[]): string[] {
  return steps.flatMap((step) => {
    const own = step.type === 'group' || step.type === undefined || step.type === 'request' ? [step.name ?? ''] : []
    return [...own, ...measured(step.steps ?? []), ...measured(step.otherwise ?? []), ...(step.options ?? []).flatMap((option) => measured(option.steps))]
  })
}

function taken(left: { index: number; name: string }[], name: string): StepNode[] {
  const at = left.findIndex((row) => row.name === name)
  if (at < 0) return []
  const [row] = left.splice(at, 1)
  return [{ index: row!.index, name, type: 'request', protocol: null, part: 'steps', parent: null, depth: 0 }]
}
