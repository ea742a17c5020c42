/** Changes to the tree of steps. Each returns a new scene and the path of the step to select. */
import { innerLists, listAt, ownerOf, partOf, replaced, split, stepAt } from './paths'
import { PARTS } from './types'
import type { Scene, Step } from './types'

export interface Moved {
  scene: Scene
  path: string
}

/** Puts a step into a list, at a place of it. */
export function insertAt(scene: Scene, list: string, index: number, ...steps: Step[]): Moved {
  const old = listAt(scene, list)
  const now = [...old.slice(0, index), ...steps, ...old.slice(index)]
  return { scene: replaced(scene, list, now), path: `${list}[${index}]` }
}

/** Puts steps after the selected one; into it where it is an empty holder; at the end where nothing is selected. */
export function insertAfter(scene: Scene, selected: string | null, ...steps: Step[]): Moved {
  if (!selected) return insertAt(scene, 'steps', (scene.steps ?? []).length, ...steps)
  if (!selected.endsWith(']')) return insertAt(scene, selected, listAt(scene, selected).length, ...steps)
  const step = stepAt(scene, selected)
  const inside = step && innerLists(step)[0]
  if (inside && inside.steps.length === 0) return insertAt(scene, `${selected}.${inside.key}`, 0, ...steps)
  const { list, index } = split(selected)
  return insertAt(scene, list, index + 1, ...steps)
}

/** Takes a step out; its neighbour, or what held it, is selected. */
export function remove(scene: Scene, path: string): Moved {
  const { list, index } = split(path)
  const old = listAt(scene, list)
  const now = [...old.slice(0, index), ...old.slice(index + 1)]
  const left = now.length ? `${list}[${Math.min(index, now.length - 1)}]` : (ownerOf(list) ?? '')
  return { scene: replaced(scene, list, now), path: left }
}

export function duplicate(scene: Scene, path: string): Moved {
  const { list, index } = split(path)
  const step = stepAt(scene, path)
  return step ? insertAt(scene, list, index + 1, structuredClone(step)) : { scene, path }
}

/** Moves a step to a place of another list. A step cannot go into itself. */
export function move(scene: Scene, path: string, list: string, index: number): Moved {
  const step = stepAt(scene, path)
  if (!step || list === path || list.startsWith(`${path}.`)) return { scene, path }
  const from = split(path)
  if (from.list === list && (index === from.index || index === from.index + 1)) return { scene, path }
  const without = remove(scene, path).scene
  const target = shifted(list, from)
  const place = from.list === list && from.index < index ? index - 1 : index
  return insertAt(without, target, place, step)
}

/** A list's path after a step before it, in the same list as one of its ancestors, was taken out. */
function shifted(list: string, taken: { list: string; index: number }): string {
  if (!list.startsWith(`${taken.list}[`)) return list
  const rest = list.slice(taken.list.length)
  const number = Number(/^\[(\d+)\]/.exec(rest)![1])
  return number > taken.index ? taken.list + rest.replace(/^\[\d+\]/, `[${number - 1}]`) : list
}

/** One place up: past the step before, into the end of what holds steps, out of its holder, or to the part before. */
export function moveUp(scene: Scene, path: string): Moved {
  const { list, index } = split(path)
  if (index > 0) {
    const before = `${list}[${index - 1}]`
    const inner = innerLists(stepAt(scene, before)!).at(-1)
    return inner ? move(scene, path, `${before}.${inner.key}`, inner.steps.length) : move(scene, path, list, index - 1)
  }
  const owner = ownerOf(list)
  if (!owner) return toPart(scene, path, -1)
  const lists = innerLists(stepAt(scene, owner)!)
  const mine = lists.findIndex((inner) => `${owner}.${inner.key}` === list)
  if (mine > 0) return move(scene, path, `${owner}.${lists[mine - 1]!.key}`, lists[mine - 1]!.steps.length)
  const { list: outer, index: place } = split(owner)
  return move(scene, path, outer, place)
}

/** One place down: the opposite of `moveUp`. */
export function moveDown(scene: Scene, path: string): Moved {
  const { list, index } = split(path)
  if (index < listAt(scene, list).length - 1) {
    const after = `${list}[${index + 1}]`
    const inner = innerLists(stepAt(scene, after)!)[0]
    return inner ? move(scene, path, `${after}.${inner.key}`, 0) : move(scene, path, list, index + 2)
  }
  const owner = ownerOf(list)
  if (!owner) return toPart(scene, path, 1)
  const lists = innerLists(stepAt(scene, owner)!)
  const mine = lists.findIndex((inner) => `${owner}.${inner.key}` === list)
  if (mine < lists.length - 1) return move(scene, path, `${owner}.${lists[mine + 1]!.key}`, 0)
  const { list: outer, index: place } = split(owner)
  return move(scene, path, outer, place + 1)
}

function toPart(scene: Scene, path: string, by: 1 | -1): Moved {
  const next = PARTS[PARTS.indexOf(partOf(path)) + by]
  if (!next) return { scene, path }
  return move(scene, path, next, by < 0 ? (scene[next] ?? []).length : 0)
}

/** Puts the step into a new holder of the given kind. */
export function wrap(scene: Scene, path: string, holder: Step): Moved {
  const step = stepAt(scene, path)
  if (!step) return { scene, path }
  const filled = holder.type === 'choice' ? { ...holder, options: [{ weight: 1, steps: [step] }] } : { ...holder, steps: [step] }
  return { scene: replaced(scene, path, filled), path }
}
