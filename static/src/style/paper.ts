// Printing: in light colours and one width, at which charts are drawn before the page is laid out for paper.
import { useEventListener } from '@vueuse/core'
import { dark } from './theme'

export function startPaper(): void {
  const root = document.documentElement.classList
  window.addEventListener('beforeprint', () => {
    root.add('printing')
    root.remove('dark')
  })
  window.addEventListener('afterprint', () => {
    root.remove('printing')
    root.toggle('dark', dark.value)
  })
}

/** Draw again for paper, and again for the screen. */
export function usePaper(draw: () => void): void {
  useEventListener(window, ['beforeprint', 'afterprint'], draw)
}
