/** A picture that moves on, kept as a ring: what is new takes the place of what has gone, and nothing is copied. */

interface Part {
  /** Place in the picture and in the ring, and how many columns. */
  from: number
  at: number
  columns: number
}

/** Columns of a picture from `from` on, in a ring of `width` of which `first` is the first column of the picture. */
export function ringParts(width: number, first: number, from = 0): Part[] {
  const turn = width - first
  const rest = Math.max(from, turn)
  return [
    { from, at: first + from, columns: turn - from },
    { from: rest, at: rest - turn, columns: width - rest },
  ].filter(({ columns }) => columns > 0)
}
