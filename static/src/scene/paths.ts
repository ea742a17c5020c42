/** Places in a scene. A path is what the server's problems use: `steps[0].options[1].steps[2]`. */
import { PARTS } from './types'
import type { Option, Part, Scene, Step } from './types'

export function partOf(path: string): Part {
  return PARTS.find((part) => path === part || path.startsWith(`${part}[`)) ?? 'steps'
}

/** The lists nested directly in a step, by the end of their path. */
export function innerLists(step: Step): { key: string; steps: Step[]; weight?: number }[] {
  const type = step.type ?? 'request'
  if (type === 'if') {
    return [
      { key: 'steps', steps: step.steps ?? [] },
      { key: 'otherwise', steps: step.otherwise ?? [] },
    ]
  }
  if (type === 'choice') {
    return (step.options ?? []).map((option, i) => ({
      key: `options[${i}].steps`,
      steps: option.steps,
      weight: option.weight,
    }))
  }
  return type === 'group' || type === 'loop' || type === 'while' ? [{ key: 'steps', steps: step.steps ?? [] }] : []
}

/** A path in two: the list that holds the step, and its place there. */
export function split(path: string): { list: string; index: number } {
  const match = /^(.*)\[(\d+)\]$/.exec(path)
  if (!match) throw new Error(`not the path of a step: ${path}`)
  return { list: match[1]!, index: Number(match[2]) }
}

/** The step that holds a list, or null where that is a part of the scene. */
export function ownerOf(list: string): string | null {
  const match = /^(.*\])\.options\[\d+\]\.steps$/.exec(list) ?? /^(.*\])\.(steps|otherwise)$/.exec(list)
  return match ? match[1]! : null
}

function keys(path: string): (string | number)[] {
  return path
    .replace(/\[(\d+)\]/g, '.$1')
    .split('.')
    .map((key) => (/^\d+$/.test(key) ? Number(key) : key))
}

type Node = Record<string | number, unknown>

export function at(scene: Scene, path: string): unknown {
  return keys(path).reduce<unknown>((node, key) => (node as Node | undefined)?.[key], scene)
}

export function stepAt(scene: Scene, path: string): Step | null {
  return path ? ((at(scene, path) as Step | undefined) ?? null) : null
}

export function listAt(scene: Scene, path: string): Step[] {
  return (at(scene, path) as Step[] | undefined) ?? []
}

/** A copy of the scene with another value at a path; what is not on the path is shared with the old one. */
export function replaced(scene: Scene, path: string, value: unknown): Scene {
  return put(scene as unknown as Node, keys(path), value) as unknown as Scene
}

function put(node: Node | unknown[] | undefined, [key, ...rest]: (string | number)[], value: unknown): unknown {
  if (key === undefined) return value
  const copy = (Array.isArray(node) ? [...node] : { ...node }) as Node
  copy[key] = put(copy[key] as Node, rest, value)
  return copy
}

/** The step that a problem's path lies in, and where within it. */
export function problemPlace(scene: Scene, path: string): { step: string; field: string } {
  let step = ''
  for (const match of path.matchAll(/\]/g)) {
    const head = path.slice(0, match.index + 1)
    const node = at(scene, head) as Step | Option | undefined
    const inList = /(^|\.)(setup|on_start|steps|teardown|otherwise)\[\d+\]$/.test(head)
    if (node && inList) step = head
  }
  return { step, field: path.slice(step.length).replace(/^\./, '') }
}
