/**
 * Lines and areas as columns of pixels. A canvas takes up to a second for a path of thousands of points where there is
 * no graphics card. Here a line is reduced to what it covers of each column, which is written with soft ends; so no peak
 * is lost, and the time that it takes hardly depends on the number of points. No canvas in here.
 */

export type Rgb = readonly [number, number, number]
/** Positions of points, pixels. */
interface Points {
  x: Float64Array
  y: Float32Array
  /** First and last of them. */
  rows: readonly [number, number]
}

/** What a line covers of each column, from `top` to `bottom`; nothing where `top` lies below. */
export class Cover {
  readonly top: Float32Array
  readonly bottom: Float32Array

  constructor(readonly width: number) {
    this.top = new Float32Array(width).fill(Infinity)
    this.bottom = new Float32Array(width).fill(-Infinity)
  }

  clear(): void {
    this.top.fill(Infinity)
    this.bottom.fill(-Infinity)
  }

  /** Follow a line from point to point, or from step to step of which the last is `hold` pixels long; NaN breaks it. */
  follow({ x, y, rows: [first, last] }: Points, hold = 0): void {
    let from = -1
    let alone = true
    /** A point that is alone becomes a dash as long as its row: the only second of a run would be a speck. */
    const lift = (until: number) => {
      if (from >= 0 && (hold > 0 || alone)) this.span(x[from]!, y[from]!, until, y[from]!)
      from = -1
      alone = true
    }
    for (let at = first; at <= last; at++) {
      if (y[at] !== y[at]) {
        lift(x[at]!)
        continue
      }
      if (from >= 0) {
        alone = false
        this.span(x[from]!, y[from]!, x[at]!, hold > 0 ? y[from]! : y[at]!)
        if (hold > 0) this.widen(Math.floor(x[at]!), y[from]!, y[at]!)
      }
      from = at
    }
    lift(x[from]! + Math.max(1, hold))
  }

  private span(fromX: number, fromY: number, toX: number, toY: number): void {
    const first = Math.floor(fromX)
    const last = Math.floor(toX)
    if (first === last) {
      this.widen(first, fromY, toY)
      return
    }
    const slope = (toY - fromY) / (toX - fromX)
    const end = Math.min(last, this.width - 1)
    for (let column = Math.max(first, 0); column <= end; column++) {
      const begin = column === first ? fromY : fromY + slope * (column - fromX)
      this.widen(column, begin, column === last ? toY : fromY + slope * (column + 1 - fromX))
    }
  }

  private widen(column: number, a: number, b: number): void {
    if (column < 0 || column >= this.width) return
    const { top, bottom } = this
    if (a > b) [a, b] = [b, a]
    if (a < top[column]!) top[column] = a
    if (b > bottom[column]!) bottom[column] = b
  }

  /** Make steep parts as wide as level ones: each column covers what those beside it do. */
  spread(columns: number): void {
    const { top, bottom, width } = this
    for (let round = 0; round < columns; round++) {
      for (let at = width - 1; at > 0; at--) {
        if (top[at - 1]! < top[at]!) top[at] = top[at - 1]!
        if (bottom[at - 1]! > bottom[at]!) bottom[at] = bottom[at - 1]!
      }
    }
  }
}

/** A picture of `width` × `height` pixels: 32 bits each, alpha in the highest ones and red in the lowest. */
export class Pixels {
  private from = 0

  constructor(
    readonly width: number,
    readonly height: number,
    readonly data = new Uint32Array(width * height),
  ) {}

  /** Forget what is right of a column, and draw only there from now on. */
  clear(from = 0): void {
    this.from = from
    if (!from) this.data.fill(0)
    else for (let row = 0; row < this.height; row++) this.data.fill(0, row * this.width + from, (row + 1) * this.width)
  }

  /** Move everything to the left; what comes in at the right is to be cleared. */
  shift(columns: number): void {
    this.data.copyWithin(0, columns)
  }

  /** A line of a width; with a dash only some of its columns, counted from one that lies `origin` to the left. */
  line(cover: Cover, width: number, colour: Rgb, dash?: readonly number[], origin = 0): void {
    const [on, all] = dash ? [dash[0]!, dash[0]! + dash[1]!] : [1, 1]
    for (let column = this.from; column < cover.width; column++) {
      if (all > 1 && (column + origin) % all >= on) continue
      this.column(column, cover.top[column]! - width / 2, cover.bottom[column]! + width / 2, colour, 1)
    }
  }

  /** From a line down to the floor. */
  area(cover: Cover, colour: Rgb, alpha: number): void {
    for (let column = this.from; column < cover.width; column++) {
      const top = cover.top[column]!
      if (top !== Infinity) this.column(column, top, this.height, colour, alpha)
    }
  }

  /** Between two lines; hatched where `gap` pixels lie from stripe to stripe, counted from `origin` to the left. */
  band(upper: Cover, lower: Cover, colour: Rgb, alpha: number, gap = 0, origin = 0): void {
    for (let column = this.from; column < upper.width; column++) {
      const [top, bottom] = [upper.top[column]!, lower.bottom[column]!]
      if (!(top <= bottom)) continue
      this.column(column, top, bottom, colour, alpha)
      if (gap) this.stripes(column, top, bottom, colour, gap, origin)
    }
  }

  private stripes(column: number, top: number, bottom: number, colour: Rgb, gap: number, origin: number): void {
    const from = Math.max(0, Math.round(top))
    const first = from + ((gap - ((from + column + origin) % gap)) % gap)
    for (let row = first; row < Math.min(this.height, bottom); row += gap) this.blend(row * this.width + column, colour, 1)
  }

  private column(column: number, top: number, bottom: number, colour: Rgb, alpha: number): void {
    const { width, height, data } = this
    const from = Math.max(0, top)
    const to = Math.min(height, bottom)
    if (!(from < to)) return
    const [first, last] = [Math.floor(from), Math.floor(to)]
    let at = first * width + column
    if (first === last) {
      this.blend(at, colour, alpha * (to - from))
      return
    }
    this.blend(at, colour, alpha * (first + 1 - from))
    const flat = pixel(colour, alpha)
    for (let row = first + 1; row < last; row++) {
      at += width
      if (alpha === 1 || data[at] === 0) data[at] = flat
      else this.blend(at, colour, alpha)
    }
    if (last < to) this.blend(at + width, colour, alpha * (to - last))
  }

  /** Lay a colour over what is there. */
  private blend(at: number, colour: Rgb, alpha: number): void {
    const under = this.data[at]!
    if (under === 0 || alpha >= 1) {
      this.data[at] = pixel(colour, alpha)
      return
    }
    const rest = ((under >>> 24) / 255) * (1 - alpha)
    const whole = alpha + rest
    const mix = (own: number, shift: number) => Math.round((own * alpha + ((under >>> shift) & 255) * rest) / whole)
    this.data[at] = pixel([mix(colour[0], 0), mix(colour[1], 8), mix(colour[2], 16)], whole)
  }
}

export function pixel([red, green, blue]: Rgb, alpha: number): number {
  return ((Math.round(Math.min(1, alpha) * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0
}
