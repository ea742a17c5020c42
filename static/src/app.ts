import { VueQueryPlugin } from '@tanstack/vue-query'
import { createApp } from 'vue'
import App from './App.vue'
import { queries } from './api/queries'
import { session } from './api/session'
import { startLanguage } from './i18n'
import { i18n } from './i18n/engine'
import { firstPlace } from './place'
import { router } from './router'
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

function parsed(): Promise<unknown> | null {
  return document.readyState === 'loading' ? new Promise((done) => document.addEventListener('DOMContentLoaded', done, { once: true })) : null
}

/** Not awaited: what is imported here stands on this file. */
async function start(): Promise<void> {
  startTheme()
  startPaper()
  session.start()
  const signedIn = session.current.value !== null
  const place = signedIn ? firstPlace() : null
  const data = place && !place.open ? import('./firstData').then(({ firstData }) => firstData(place)).catch(() => null) : null
  await Promise.all([startLanguage(signedIn), data, parsed()])
  createApp(App).use(router).use(i18n).use(VueQueryPlugin, { queryClient: queries }).mount('#app')
}

void start()
