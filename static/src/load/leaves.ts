// Which values a change is about.
type Node = Record<string, unknown>

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null
const keysOf = (node: Node) => Object.keys(node).filter((key) => node[key] !== undefined)

/** Return the paths of the leaves that differ; null where the length of a list or the keys of an object do. */
export function changedLeaves(before: unknown, after: unknown, path = ''): string[] | null {
  if (Object.is(before, after)) return []
  if (!isNode(before) && !isNode(after)) return [path]
  if (!isNode(before) || !isNode(after) || Array.isArray(before) !== Array.isArray(after)) return null
  const keys = keysOf(after)
  if (keys.length !== keysOf(before).length || keys.some((key) => before[key] === undefined)) return null
  const found: string[] = []
  for (const key of keys) {
    const inner = changedLeaves(before[key], after[key], path ? `${path}.${key}` : key)
    if (inner === null) return null
    found.push(...inner)
  }
  return found
}
