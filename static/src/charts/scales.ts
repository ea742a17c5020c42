/** Ticks of axes: few, round, and the same for all lanes. */

const STEPS = [1, 2, 2.5, 5]

/** Round ticks from 0 up to a greatest value, about as many as wanted; of counts there are no halves. */
export function ticks(max: number, wanted = 3, counts = false): number[] {
  if (!(max > 0)) return [0]
  const rough = max / wanted
  const power = 10 ** Math.floor(Math.log10(rough))
  const steps = counts && power <= 1 ? STEPS.filter(Number.isInteger) : STEPS
  const step = Math.max((steps.find((each) => each * power >= rough) ?? 10) * power, counts ? 1 : 0)
  const found: number[] = []
  for (let tick = 0; tick <= max * 1.0001; tick += step) found.push(Number(tick.toPrecision(12)))
  return found
}

/** 1 2 5 10 … within bounds; only powers of ten where they are many. */
export function logTicks(min: number, max: number): number[] {
  const found: number[] = []
  const wide = Math.log10(max / min) > 3.5
  for (let power = Math.floor(Math.log10(min)); 10 ** power <= max; power++) {
    for (const step of wide ? [1] : [1, 2, 5]) {
      const tick = Number((step * 10 ** power).toPrecision(3))
      if (tick >= min * 0.999 && tick <= max * 1.001) found.push(tick)
    }
  }
  return found
}

/** Bounds of a logarithmic axis at 1, 2 or 5 of a power of ten around the values. */
export function logBounds(min: number, max: number): [number, number] {
  if (!(min > 0) || !(max > 0) || min === Infinity) return [1, 100]
  const below = (value: number) => {
    const power = 10 ** Math.floor(Math.log10(value))
    return ([5, 2, 1].find((each) => each * power <= value) ?? 1) * power
  }
  const above = (value: number) => {
    const power = 10 ** Math.floor(Math.log10(value))
    return ([1, 2, 5, 10].find((each) => each * power >= value) ?? 10) * power
  }
  const low = below(min * 0.95)
  const high = above(max * 1.05)
  return high / low < 4 ? [low, low * 10] : [low, high]
}

/** Seconds between ticks of a time axis of so many pixels. */
export function timeStep(seconds: number, pixels: number): number {
  const wanted = (seconds * 64) / Math.max(pixels, 1)
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400]
  return steps.find((step) => step >= wanted) ?? 86_400
}

/** Ticks at whole multiples of the step in the viewer's zone; of the step itself where time is counted from a beginning. */
export function timeTicks(from: number, to: number, step: number, elapsed = false): number[] {
  const zone = elapsed ? 0 : new Date(from * 1000).getTimezoneOffset() * 60
  const found: number[] = []
  for (let tick = Math.ceil((from - zone) / step) * step + zone; tick <= to; tick += step) found.push(tick)
  return found
}
