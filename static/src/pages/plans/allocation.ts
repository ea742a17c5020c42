// How rows are dealt out: the keys of `data_config` that every data source has.
export const ALLOCATION: readonly string[] = ['order', 'scope', 'unique', 'at_end', 'on_failure']

export interface Allocation {
  order: 'sequential' | 'random' | 'shuffled'
  scope: 'iteration' | 'vu' | 'run'
  unique: boolean
  at_end?: 'recycle' | 'stop_vu' | 'stop_run' | 'hold'
}

export function allocationOf(config: Record<string, unknown> | undefined): Allocation {
  return {
    order: (config?.order as Allocation['order']) ?? 'sequential',
    scope: (config?.scope as Allocation['scope']) ?? 'iteration',
    unique: config?.unique === true,
    ...(config?.at_end ? { at_end: config.at_end as NonNullable<Allocation['at_end']> } : {}),
  }
}

export function endingOf(allocation: Allocation): NonNullable<Allocation['at_end']> {
  return allocation.at_end ?? (allocation.unique ? 'stop_run' : 'recycle')
}

/** Which of the first rows three takers get, as an example: shuffled each of them once, at random one of them again. */
export function exampleRows(order: Allocation['order'], count: number): number[] {
  if (order === 'random') return [1, 2, 1].slice(0, count).map((at) => at % count)
  const first = [0, 1, 2].slice(0, count)
  return order === 'sequential' ? first : [...first.slice(-1), ...first.slice(0, -1)]
}

/** An allocation without contradictions: what was chosen last holds, the rest gives way. */
export function sound(allocation: Allocation, changed: keyof Allocation): Allocation {
  const next = { ...allocation }
  if (next.unique && next.order === 'random') {
    if (changed === 'unique') next.order = 'shuffled'
    else next.unique = false
  }
  if (next.unique && next.scope === 'run') {
    if (changed === 'unique') next.scope = 'iteration'
    else next.unique = false
  }
  const again = next.at_end === 'recycle' || next.at_end === 'hold'
  if (next.unique && again) {
    if (changed === 'at_end') next.unique = false
    else delete next.at_end
  }
  if (next.order === 'random' && next.at_end !== 'recycle') delete next.at_end
  return next
}
