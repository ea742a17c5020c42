import { loadAhead } from './ahead'

// After an upgrade of the service an open page asks for chunks that are gone: load the new page, once.
window.addEventListener('vite:preloadError', () => {
  const loadedAt = Number(sessionStorage.getItem('perfsvc.reloaded') ?? 0)
  if (Date.now() - loadedAt < 10_000) return
  sessionStorage.setItem('perfsvc.reloaded', String(Date.now()))
  location.reload()
})

loadAhead()
void import('./app')
