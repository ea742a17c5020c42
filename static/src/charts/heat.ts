/** Response times over time as counts: painted once into an image, drawn under the percentile lines. */

import type uPlot from 'uplot'
import { t } from '@/i18n'
import { ms, num } from '@/i18n/format'
import { channels, colour } from './colours'
import type { LaneSpec } from './lane'
import { scaleOf } from './paths'

interface HeatData {
  timestamps: number[]
  width: number
  edges: number[]
  cells: [number, number, number][]
  max: number
}

export function heatGround(heat: HeatData, log: boolean): Pick<LaneSpec, 'ground' | 'groundWords' | 'least' | 'room'> {
  let image: HTMLCanvasElement | null = null
  let painted = ''
  const [low, high] = boundsOf(heat)
  return {
    least: () => low,
    room: () => (log ? Math.max(high, low * 4) : high),
    groundWords: (time) => wordsOf(heat, time),
    ground: (u) => {
      const theme = colour('--s1')
      if (!image || painted !== theme) {
        image = paint(heat)
        painted = theme
      }
      place(u, heat, image)
    },
  }
}

/** How many requests ended then, and where most of them lie. */
function wordsOf({ timestamps, width, edges, cells }: HeatData, time: number): string {
  const column = timestamps.findIndex((start) => time >= start && time < start + width)
  const here = cells.filter(([at]) => at === column)
  if (!here.length) return ''
  const [, row] = here.reduce((most, cell) => (cell[2] > most[2] ? cell : most))
  return t('charts.heatAt', { n: num(here.reduce((sum, [, , count]) => sum + count, 0)), from: ms(edges[row]), to: ms(edges[row + 1]) })
}

/** From the lowest to the highest row that holds something. */
function boundsOf(heat: HeatData): [number, number] {
  const rows = heat.cells.map(([, row]) => row)
  const low = heat.edges[Math.max(0, Math.min(...rows) - 1)] ?? 1
  const high = heat.edges[Math.min(heat.edges.length - 1, Math.max(...rows) + 2)] ?? 100
  return [Math.max(low, 0.01), high]
}

function paint({ timestamps, edges, cells, max }: HeatData): HTMLCanvasElement {
  const [columns, rows] = [Math.max(1, timestamps.length), edges.length - 1]
  const image = document.createElement('canvas')
  image.width = columns
  image.height = rows
  const pen = image.getContext('2d')!
  const pixels = pen.createImageData(columns, rows)
  const [red, green, blue] = channels('--s1')
  const full = Math.log1p(max)
  for (const [column, row, count] of cells) {
    const at = ((rows - 1 - row) * columns + column) * 4
    pixels.data[at] = red
    pixels.data[at + 1] = green
    pixels.data[at + 2] = blue
    pixels.data[at + 3] = 16 + 205 * (Math.log1p(count) / full) ** 1.8
  }
  pen.putImageData(pixels, 0, 0)
  return image
}

/** Rows are equally high on a logarithmic scale; on a linear one each is drawn by itself. */
function place(u: uPlot, heat: HeatData, image: HTMLCanvasElement): void {
  const pen = u.ctx
  const [X, Y] = [scaleOf(u, 'x'), scaleOf(u, 'y')]
  const { edges, timestamps, width } = heat
  const [from, to] = [X(timestamps[0] ?? 0), X((timestamps.at(-1) ?? 0) + width)]
  pen.save()
  pen.beginPath()
  pen.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height)
  pen.clip()
  pen.imageSmoothingEnabled = false
  if (u.scales.y!.distr === 3) {
    const [top, bottom] = [Y(edges.at(-1)!), Y(edges[0]!)]
    pen.drawImage(image, from, top, to - from, bottom - top)
  } else {
    for (let row = 0; row < image.height; row++) {
      const [low, high] = [Y(edges[row]!), Y(edges[row + 1]!)]
      pen.drawImage(image, 0, image.height - 1 - row, image.width, 1, from, high, to - from, Math.max(1, low - high))
    }
  }
  pen.restore()
}
