// Addresses, and who may open them.
import { watch } from 'vue'
import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router'
import { fetchProjects, lastProject } from './api/projects'
import { api } from './api/client'
import { awaySince } from './api/reachable'
import { session } from './api/session'
import { loadWorkTexts, t } from './i18n'
import { warned } from './parts/notices'
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

async function home() {
  try {
    const projects = await fetchProjects()
    if (projects.length === 0) return { name: 'start' }
    const last = projects.find((project) => project.id === lastProject.value) ?? (projects.length === 1 ? projects[0] : null)
    return last ? { name: 'overview', params: { project: last.id } } : { name: 'projects' }
  } catch {
    // The list of projects shows what is wrong.
    return { name: 'projects' }
  }
}

router.beforeEach(async (to) => {
  const signedIn = session.current.value !== null
  if (!to.meta.open && !signedIn) return loginFor(to)
  if (!to.meta.open) await loadWorkTexts()
  return to.name === 'home' ? home() : true
})

// The code of a page comes from the service as well.
router.onError(async () => {
  await api.GET('/api/about/').catch(() => null)
  if (awaySince.value !== null) warned(t('parts.notOpened'))
})

// The session may end at any time, in any tab.
watch(session.current, (now, before) => {
  const here = router.currentRoute.value
  if (now === null && before !== null && !here.meta.open) void router.replace(loginFor(here))
})
