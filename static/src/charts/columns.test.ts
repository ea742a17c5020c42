import { describe, expect, it } from 'vitest'
import { Cover, Pixels, pixel, type Rgb } from './columns'

const RED: Rgb = [255, 0, 0]
function covered(x: number[], y: number[], width: number, hold = 0): [number, number][] {
  const cover = new Cover(width)
  cover.follow({ x: Float64Array.from(x), y: Float32Array.from(y), rows: [0, x.length - 1] }, hold)
  return [...cover.top].map((top, column) => [top, cover.bottom[column]!])
}
const NOT: [number, number] = [Infinity, -Infinity]

describe('what a line covers of each column', () => {
  it('is the part of it in there', () => {
    expect(covered([0, 4], [0, 8], 4)).toEqual([[0, 2], [2, 4], [4, 6], [6, 8]])
  })

  it('keeps the least and the greatest of many points', () => {
    expect(covered([0.1, 0.2, 0.3, 0.9], [5, 1, 9, 4], 2)).toEqual([[1, 9], NOT])
  })

  it('breaks where nothing is known, and a point that is alone is a dash', () => {
    expect(covered([0, 1, 2, 3.5], [1, 1, NaN, 6], 5)).toEqual([[1, 1], [1, 1], NOT, [6, 6], [6, 6]])
    expect(covered([0, 3], [2, NaN], 4)).toEqual([[2, 2], [2, 2], [2, 2], [2, 2]])
  })

  it('holds steps until the next one, the last for its length', () => {
    expect(covered([0, 2], [3, 5], 4, 2)).toEqual([[3, 3], [3, 3], [3, 5], [5, 5]])
  })

  it('leaves out what lies beside the picture', () => {
    expect(covered([-2, 2], [0, 4], 2)).toEqual([[2, 3], [3, 4]])
  })

  it('is as wide where it is steep', () => {
    const cover = new Cover(3)
    cover.follow({ x: Float64Array.from([0, 0.5, 2.5]), y: Float32Array.from([9, 1, 1]), rows: [0, 2] })
    cover.spread(1)
    expect([...cover.bottom]).toEqual([9, 9, 1])
  })
})

describe('pixels', () => {
  it('have soft ends', () => {
    const pixels = new Pixels(1, 4)
    const cover = new Cover(1)
    cover.follow({ x: Float64Array.of(0), y: Float32Array.of(2), rows: [0, 0] })
    pixels.line(cover, 1, RED)
    expect([...pixels.data]).toEqual([0, pixel(RED, 0.5), pixel(RED, 0.5), 0])
  })

  it('are mixed where something is there', () => {
    const pixels = new Pixels(1, 1, Uint32Array.of(pixel([0, 0, 255], 1)))
    const cover = new Cover(1)
    cover.follow({ x: Float64Array.of(0), y: Float32Array.of(0), rows: [0, 0] })
    pixels.area(cover, RED, 0.5)
    expect(pixels.data[0]).toBe(pixel([128, 0, 128], 1))
  })

  it('that are gone on with are those of one drawing', () => {
    const x = Float64Array.from({ length: 40 }, (_, at) => at * 0.7)
    const y = Float32Array.from(x, (_, at) => 5 + 4 * Math.sin(at))
    const drawn = (pixels: Pixels, last: number) => {
      const cover = new Cover(20)
      cover.follow({ x, y, rows: [0, last] })
      pixels.area(cover, RED, 0.3)
      pixels.line(cover, 1.5, RED)
      return [...pixels.data]
    }
    const grown = new Pixels(20, 10)
    drawn(grown, 15)
    grown.clear(9)
    expect(drawn(grown, 27)).toEqual(drawn(new Pixels(20, 10), 27))
  })
})
