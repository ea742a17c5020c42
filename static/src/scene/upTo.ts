/** A scene as far as a step. What comes before keeps its path. */
import { listAt, ownerOf, partOf, replaced, split } from './paths'
import { PARTS, type Scene } from './types'

/** The scene without what comes after a step; of what holds the step, all before it stays. */
export function upTo(scene: Scene, path: string): Scene {
  const part = partOf(path)
  const later = PARTS.slice(PARTS.indexOf(part) + 1)
  let next: Scene = { ...scene, ...Object.fromEntries(later.map((one) => [one, one === 'steps' ? silent(scene) : []])) }
  for (let at: string | null = path; at; at = ownerOf(split(at).list)) {
    const { list, index } = split(at)
    next = replaced(next, list, listAt(next, list).slice(0, index + 1))
  }
  return next
}

/** A scene has steps, if only one that is left out. */
const silent = ({ steps = [] }: Scene) => steps.slice(0, 1).map((step) => ({ ...step, enabled: false }))
