/** Whether the generator was fit in a second: the limits by which the server judges validity. */

export const LAG_MS = 50
export const CPU_PERCENT = 90

type UnfitKind = 'lag' | 'cpu' | 'lost'

export interface Span {
  from: number
  to: number
}
export interface UnfitSpan extends Span {
  kind: UnfitKind
}
interface Health {
  loop_lag: number | null
  send_lag: number | null
  process_cpu: number | null
  nodes?: { state: string; share: number }[]
}

/** Below this, in percent, the nodes that run do not carry the whole load: shares are rounded. */
const WHOLE = 99.5

/** Whether load is missing: of a node that reports nothing, or of a lost one while no other has taken over its share. */
function missesLoad(nodes: readonly { state: string; share: number }[]): boolean {
  const carried = nodes.reduce((sum, { state, share }) => sum + (state === 'running' ? share : 0), 0)
  return nodes.some(({ state }) => state === 'silent' || (state === 'lost' && carried < WHOLE))
}

export function unfitness(second: Health): UnfitKind | null {
  if (missesLoad(second.nodes ?? [])) return 'lost'
  if ((second.loop_lag ?? 0) >= LAG_MS || (second.send_lag ?? 0) >= LAG_MS) return 'lag'
  return (second.process_cpu ?? 0) >= CPU_PERCENT ? 'cpu' : null
}

/** Add a second to spans that touch and are of one kind. */
export function extend(spans: UnfitSpan[], from: number, to: number, kind: UnfitKind): void {
  const last = spans.at(-1)
  if (last && last.kind === kind && from <= last.to) last.to = Math.max(last.to, to)
  else spans.push({ from, to, kind })
}

export function covers(spans: readonly Span[], time: number): boolean {
  return spans.some((span) => time >= span.from && time < span.to)
}

export function overlaps(spans: readonly Span[], from: number, to: number): boolean {
  return spans.some((span) => span.from < to && span.to > from)
}

/** Seconds of [from, to) that the spans cover. */
export function covered(spans: readonly Span[], from: number, to: number): number {
  return spans.reduce((sum, span) => sum + Math.max(0, Math.min(to, span.to) - Math.max(from, span.from)), 0)
}
