/** What lies under and over the lines of every lane: what was not measured, what was measured badly, what is to come. */

import type uPlot from 'uplot'
import { colour, faded, font, hatch } from './colours'
import type { Ground } from './group'
import { scaleOf } from './paths'
import { drawnPauses, drawnSpans } from './unfitSpans'

/** Hatched seconds are never narrower than this. */
const NARROWEST = 7
/** A pause of a tenth of a second has two edges as well. */
const NARROWEST_PAUSE = 3
const LINES = { plain: '--control', hand: '--brand', bad: '--fail', pin: '--brand' } as const

export function below(u: uPlot, ground: Ground): void {
  const pen = u.ctx
  const X = scaleOf(u, 'x')
  const { left, top, width, height } = u.bbox
  pen.save()
  clip(u)
  if (ground.now !== null) {
    pen.fillStyle = faded('--sunk', 0.7)
    pen.fillRect(X(ground.now), top, left + width - X(ground.now), height)
  }
  if (ground.warmUp) {
    pen.fillStyle = faded('--brand', 0.08)
    pen.fillRect(X(ground.warmUp.from), top, X(ground.warmUp.to) - X(ground.warmUp.from), height)
    pen.fillStyle = colour('--line')
    pen.fillRect(X(ground.warmUp.to) - devicePixelRatio, top, devicePixelRatio, height)
  }
  for (const { from, to } of drawnPauses(ground.pauses, X, NARROWEST_PAUSE * devicePixelRatio)) {
    pen.fillStyle = colour('--sunk')
    pen.fillRect(from, top, to - from, height)
    pen.fillStyle = colour('--line')
    pen.fillRect(from, top, devicePixelRatio, height)
    pen.fillRect(to - devicePixelRatio, top, devicePixelRatio, height)
  }
  pen.restore()
}

function clip(u: uPlot): void {
  const { left, top, width, height } = u.bbox
  u.ctx.beginPath()
  u.ctx.rect(left, top, width, height)
  u.ctx.clip()
}

/** Hatch the seconds of an unfit generator; through a veil where they lie over areas of any colour. */
export function unfitSeconds(u: uPlot, ground: Ground, veiled: boolean): void {
  const pen = u.ctx
  const { left, top, width, height } = u.bbox
  pen.save()
  clip(u)
  for (const span of drawnSpans(ground.unfit, scaleOf(u, 'x'), [left, left + width], NARROWEST * devicePixelRatio)) {
    if (veiled) {
      pen.fillStyle = faded('--surface', 0.7)
      pen.fillRect(span.from, top, span.to - span.from, height)
    }
    unfit(u, span.from, span.to, span.kind === 'lost')
  }
  pen.restore()
}

function unfit(u: uPlot, from: number, to: number, lost: boolean): void {
  const pen = u.ctx
  const ratio = devicePixelRatio
  const wide = to - from
  pen.save()
  pen.globalAlpha = wide > 30 * ratio ? 0.26 : 0.5
  pen.translate(from, u.bbox.top)
  if (lost) pen.scale(-1, 1)
  pen.fillStyle = hatch(pen, lost ? '--fail' : '--warn-mark', (lost ? 3.5 : 2.5) * ratio)
  pen.fillRect(lost ? -wide : 0, 0, wide, u.bbox.height)
  pen.restore()
}

export function above(u: uPlot, ground: Ground): void {
  const pen = u.ctx
  const ratio = devicePixelRatio
  const X = scaleOf(u, 'x')
  const { left, top, width, height } = u.bbox
  const inside = (x: number) => x >= left && x <= left + width
  pen.save()
  for (const mark of ground.lines) {
    const x = Math.round(X(mark.at)) + 0.5
    if (!inside(x)) continue
    pen.strokeStyle = colour(LINES[mark.tone])
    pen.globalAlpha = mark.tone === 'hand' ? 0.95 : 0.6
    pen.lineWidth = ratio
    pen.setLineDash(mark.tone === 'hand' ? [] : mark.tone === 'pin' ? [5 * ratio, 3 * ratio] : [2 * ratio, 3 * ratio])
    pen.beginPath()
    pen.moveTo(x, top)
    pen.lineTo(x, top + height)
    pen.stroke()
  }
  pen.globalAlpha = 1
  if (ground.now !== null && inside(X(ground.now))) {
    pen.fillStyle = colour('--text')
    pen.fillRect(Math.round(X(ground.now)), top, ratio, height)
  }
  pen.restore()
}

/** A horizontal line with its name at the right. */
export function limitLine(u: uPlot, limit: number, name: string): void {
  const pen = u.ctx
  const ratio = devicePixelRatio
  const { left, top, width, height } = u.bbox
  const y = Math.round(scaleOf(u, 'y')(limit)) + 0.5
  if (y < top || y > top + height) return
  pen.save()
  pen.strokeStyle = pen.fillStyle = colour('--fail')
  pen.lineWidth = ratio
  pen.globalAlpha = 0.8
  pen.setLineDash([5 * ratio, 4 * ratio])
  pen.beginPath()
  pen.moveTo(left, y)
  pen.lineTo(left + width, y)
  pen.stroke()
  pen.globalAlpha = 1
  pen.font = font(11 * ratio)
  pen.textAlign = 'right'
  pen.textBaseline = 'bottom'
  pen.fillText(name, left + width - 6 * ratio, y - 2 * ratio)
  pen.restore()
}

/** A curve of [time, level] that is not a column of the data: what is planned. */
export function curve(u: uPlot, points: readonly (readonly [number, number])[], token: string, dash: number[], width = 1.5): void {
  if (points.length < 2) return
  const pen = u.ctx
  const ratio = devicePixelRatio
  const [X, Y] = [scaleOf(u, 'x'), scaleOf(u, 'y')]
  const { left, top, width: wide, height } = u.bbox
  pen.save()
  pen.beginPath()
  pen.rect(left, top - ratio, wide, height + 2 * ratio)
  pen.clip()
  pen.beginPath()
  points.forEach(([time, level], at) => (at ? pen.lineTo(X(time), Y(level)) : pen.moveTo(X(time), Y(level))))
  pen.strokeStyle = colour(token)
  pen.lineWidth = width * ratio
  pen.setLineDash(dash.map((part) => part * ratio))
  pen.stroke()
  pen.restore()
}

/** Right of now there is room: each line says its own name there. */
export function lineNames(u: uPlot, now: number, names: { label: string; token: string; value: number }[]): void {
  const pen = u.ctx
  const ratio = devicePixelRatio
  const [X, Y] = [scaleOf(u, 'x'), scaleOf(u, 'y')]
  const x = X(now) + 7 * ratio
  const edge = u.bbox.left + u.bbox.width
  pen.save()
  pen.font = font(11 * ratio, 500)
  pen.textAlign = 'left'
  pen.textBaseline = 'middle'
  const placed = names.map((name) => ({ ...name, y: Y(name.value) })).toSorted((a, b) => a.y - b.y)
  placed.forEach((name, at) => {
    if (at) name.y = Math.max(name.y, placed[at - 1]!.y + 13 * ratio)
    if (x + pen.measureText(name.label).width + 14 * ratio > edge) return
    pen.fillStyle = colour(name.token)
    pen.fillRect(x, name.y - ratio, 7 * ratio, 2.5 * ratio)
    pen.fillStyle = colour('--text')
    pen.fillText(name.label, x + 11 * ratio, name.y)
  })
  pen.restore()
}

/** Words beside a point, on the side where there is room. */
export function callout(u: uPlot, time: number, y: number, text: string, token: string): void {
  const pen = u.ctx
  const ratio = devicePixelRatio
  const { left, top, width, height } = u.bbox
  pen.save()
  pen.font = font(11 * ratio, 600)
  const wide = pen.measureText(text).width
  const x = scaleOf(u, 'x')(time)
  const begin = x + 8 * ratio + wide > left + width ? x - 8 * ratio - wide : x + 8 * ratio
  const middle = Math.min(top + height - 9 * ratio, Math.max(top + 9 * ratio, y))
  if (begin >= left) {
    pen.globalAlpha = 0.85
    pen.fillStyle = colour('--surface')
    pen.fillRect(begin - 3 * ratio, middle - 8 * ratio, wide + 6 * ratio, 16 * ratio)
    pen.globalAlpha = 1
    pen.fillStyle = colour(token)
    pen.textAlign = 'left'
    pen.textBaseline = 'middle'
    pen.fillText(text, begin, middle)
  }
  pen.restore()
}
