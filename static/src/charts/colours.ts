/** Colours by meaning, from the tokens of the style sheet; read once for each theme. */

const known = new Map<string, string>()

/** The value of a token such as `--p95`. */
export function colour(token: string): string {
  let value = known.get(token)
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(token).trim()
    known.set(token, value)
  }
  return value
}

/** Forget what was read: the theme has changed. */
export function forgetColours(): void {
  known.clear()
  hatches.clear()
}

export function faded(token: string, alpha: number): string {
  const [red, green, blue] = channels(token)
  return `rgba(${red},${green},${blue},${alpha})`
}

export function channels(token: string): [number, number, number] {
  return channelsOf(colour(token))
}

/** Of #rrggbb, or #rgb, to which a build shortens it. */
export function channelsOf(hex: string): [number, number, number] {
  const digits = hex.length === 4 ? hex.slice(1).replaceAll(/./g, '$&$&') : hex.slice(1)
  const value = parseInt(digits, 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

const hatches = new Map<string, CanvasPattern>()

/** Stripes, so that what they mark can be told without colour. */
export function hatch(context: CanvasRenderingContext2D, token: string, gap: number): CanvasPattern {
  const key = `${token} ${gap}`
  const made = hatches.get(key)
  if (made) return made
  const tile = document.createElement('canvas')
  tile.width = tile.height = Math.round(gap * 2)
  const pen = tile.getContext('2d')!
  pen.strokeStyle = colour(token)
  pen.lineWidth = 1.6
  pen.beginPath()
  for (const offset of [-tile.width, 0, tile.width]) {
    pen.moveTo(offset - 2, tile.width + 2)
    pen.lineTo(offset + tile.width + 2, -2)
  }
  pen.stroke()
  const pattern = context.createPattern(tile, 'repeat')!
  hatches.set(key, pattern)
  return pattern
}

export function font(pixels: number, weight = 400): string {
  return `${weight} ${pixels}px ${colour('--sans')}`
}
