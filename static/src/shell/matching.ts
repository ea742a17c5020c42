// Which offers of the command palette fit what was typed, best first.

interface Labelled {
  label: string
  group: string
  note?: string
}

/** 0 does not fit; larger is better. */
export function score(label: string, words: string): number {
  const text = label.toLowerCase()
  const wanted = words.trim().toLowerCase()
  if (wanted === '') return 1
  if (text.startsWith(wanted)) return 4
  if (text.split(/[\s/#·-]+/).some((part) => part.startsWith(wanted))) return 3
  if (text.includes(wanted)) return 2
  return wanted.split(/\s+/).every((word) => text.includes(word)) ? 1 : 0
}

/** The fitting ones: groups stay together, in the order of their best entry. */
export function matching<T extends Labelled>(offers: readonly T[], words: string): T[] {
  const scored = offers
    .map((offer) => ({ offer, points: score(`${offer.label} ${offer.note ?? ''}`, words) }))
    .filter(({ points }) => points > 0)
  const best = new Map<string, number>()
  for (const { offer, points } of scored) best.set(offer.group, Math.max(points, best.get(offer.group) ?? 0))
  return scored
    .toSorted((one, other) => best.get(other.offer.group)! - best.get(one.offer.group)! || groupOrder(offers, one.offer, other.offer) || other.points - one.points)
    .map(({ offer }) => offer)
}

function groupOrder<T extends Labelled>(offers: readonly T[], one: T, other: T): number {
  const place = (group: string) => offers.findIndex((offer) => offer.group === group)
  return place(one.group) - place(other.group)
}
