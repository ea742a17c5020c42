import { loadAhead } from './ahead'

// After an upgrade of the service an open page asks for chunks that are gone: load the new page, once. While the service
// is away the open page stays, with what was typed on it: to load it again would leave the browser's own error page.
window.addEventListener('vite:preloadError', () => {
  const loadedAt = Number(sessionStorage.getItem('perfsvc.reloaded') ?? 0)
  if (Date.now() - loadedAt < 10_000) return
  const reload = (reply: Response) => {
    if (!reply.ok) return
    sessionStorage.setItem('perfsvc.reloaded', String(Date.now()))
    location.reload()
  }
  void fetch(location.href, { cache: 'no-store', headers: { Accept: 'text/html' } }).then(reload, () => null)
})

loadAhead()
void import('./app')
