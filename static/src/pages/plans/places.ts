// Where in a plan something is that the service says of it: the field that leads there, and its name for a reader.

/** Null where it is about the whole plan. A place within a scene is named with the scene; a field of the plan shows itself. */
export function placeOf(path: string, scenes: readonly { name: string }[]): { path: string; name: string } | null {
  if (!path) return null
  const within = /^scenes\[(\d+)\]\.?(.*)$/.exec(path)
  if (!within) return { path: `config.${path}`, name: '' }
  const scene = scenes[Number(within[1])]
  return { path, name: scene ? [scene.name, within[2]].filter(Boolean).join(' · ') : path }
}
