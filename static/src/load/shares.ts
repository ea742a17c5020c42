/** Splits a whole number by weights: the largest remainders get what rounding left over. */
export function split(total: number, weights: number[]): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0)
  if (sum <= 0) return weights.map(() => 0)
  const exact = weights.map((weight) => (weight / sum) * total)
  const parts = exact.map(Math.floor)
  const left = Math.round(total - parts.reduce((all, part) => all + part, 0))
  const order = exact.map((_, i) => i).toSorted((a, b) => exact[b]! - parts[b]! - (exact[a]! - parts[a]!))
  for (const i of order.slice(0, left)) parts[i]!++
  return parts
}

/** Weights as whole percents that always make 100. */
export function shares(weights: number[]): number[] {
  return split(100, weights)
}
