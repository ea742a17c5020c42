// Addresses, and who may open them.
import { watch } from 'vue'
import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router'
import { session } from './api/session'
import { routes } from './routes'

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

function loginFor(to: RouteLocationNormalized) {
  const next = to.fullPath === '/' || to.fullPath === '/projects' ? undefined : to.fullPath
  return { name: 'login', query: next === undefined ? {} : { next } }
}

router.beforeEach((to) => {
  const signedIn = session.current.value !== null
  if (!to.meta.open && !signedIn) return loginFor(to)
  return true
})

// The session may end at any time, in any tab.
watch(session.current, (now, before) => {
  const here = router.currentRoute.value
  if (now === null && before !== null && !here.meta.open) void router.replace(loginFor(here))
})
