import { VueQueryPlugin } from '@tanstack/vue-query'
import { createApp } from 'vue'
import App from './App.vue'
import { queries } from './api/queries'
import { session } from './api/session'
import { startLanguage } from './i18n'
import { i18n } from './i18n/engine'
import { loadAhead, router } from './router'
import './style/tokens.css'
import './style/base.css'
import './style/shell.css'
import './style/parts.css'
import './style/forms.css'
import './style/editing.css'
import './style/narrow.css'
import './style/print.css'
import { startPaper } from './style/paper'
import { startTheme } from './style/theme'

// After an upgrade of the service an open page asks for chunks that are gone: load the new page, once.
window.addEventListener('vite:preloadError', () => {
  const loadedAt = Number(sessionStorage.getItem('perfsvc.reloaded') ?? 0)
  if (Date.now() - loadedAt < 10_000) return
  sessionStorage.setItem('perfsvc.reloaded', String(Date.now()))
  location.reload()
})

startTheme()
startPaper()
session.start()
loadAhead()
if (session.current.value !== null) void import('./shell/AppShell.vue').catch(() => null)
await startLanguage(session.current.value !== null)
createApp(App).use(router).use(i18n).use(VueQueryPlugin, { queryClient: queries }).mount('#app')
