/** What is beside the plots of all lanes. */

export const NARROW = 720

/** Pixels for the values at the left. */
export function gutter(): number {
  return innerWidth <= NARROW ? 40 : 52
}
