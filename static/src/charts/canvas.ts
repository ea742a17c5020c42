/** A canvas that fills a box, sharp on every screen. */

interface Sheet {
  pen: CanvasRenderingContext2D
  width: number
  height: number
}

export function prepared(canvas: HTMLCanvasElement, width: number, height: number): Sheet {
  const ratio = Math.max(2, devicePixelRatio)
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio)
    canvas.height = Math.round(height * ratio)
    canvas.style.width = `${width}px`
    canvas.style.height = `${height}px`
  }
  const pen = canvas.getContext('2d')!
  pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  pen.clearRect(0, 0, width, height)
  return { pen, width, height }
}
