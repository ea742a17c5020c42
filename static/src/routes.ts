// Every page in one table: its address, the page, the least role in the project, its title.
import type { RouteRecordRaw } from 'vue-router'
import type { Role } from './api/projects'
import type { Key } from './i18n'

declare module 'vue-router' {
  interface RouteMeta {
    title: Key
    /** May be seen without signing in, and has no shell around it. */
    open?: boolean
    /** Least role in the project of the address; everybody who is signed in when absent. */
    role?: Role
    administrator?: boolean
    /** Which entry of the rail is lit: the name of its route. */
    rail?: string
    /** Takes the whole width. */
    wide?: boolean
  }
}

export const routes: RouteRecordRaw[] = [
  // Where one lands: the project that was open last, or the start page when there is none yet.
  { path: '/', name: 'home', component: () => import('./pages/MissingPage.vue'), meta: { title: 'shell.title.projects' } },
  {
    path: '/login',
    name: 'login',
    component: () => import('./pages/session/LoginPage.vue'),
    meta: { title: 'shell.title.login', open: true },
  },
  {
    path: '/register',
    name: 'register',
    component: () => import('./pages/session/RegisterPage.vue'),
    meta: { title: 'shell.title.register', open: true },
  },
  { path: '/me', name: 'me', component: () => import('./pages/session/MePage.vue'), meta: { title: 'shell.title.me' } },
  {
    path: '/start',
    name: 'start',
    component: () => import('./pages/start/StartPage.vue'),
    meta: { title: 'shell.title.start' },
  },
  {
    path: '/projects',
    name: 'projects',
    component: () => import('./pages/projects/ProjectsPage.vue'),
    meta: { title: 'shell.title.projects' },
  },
  {
    path: '/p/:project(\\d+)',
    name: 'overview',
    component: () => import('./pages/overview/OverviewPage.vue'),
    meta: { title: 'shell.title.overview', role: 'viewer' },
  },
  {
    path: '/p/:project(\\d+)/scenes',
    name: 'scenes',
    component: () => import('./pages/scenes/ScenesPage.vue'),
    meta: { title: 'shell.title.scenes', role: 'viewer' },
  },
  {
    // `new` in place of a number: a scene that is not saved yet.
    path: '/p/:project(\\d+)/scenes/:scene(\\d+|new)',
    name: 'scene',
    component: () => import('./pages/scenes/ScenePage.vue'),
    meta: { title: 'shell.title.scene', role: 'viewer', rail: 'scenes', wide: true },
  },
  {
    path: '/p/:project(\\d+)/plans',
    name: 'plans',
    component: () => import('./pages/plans/PlansPage.vue'),
    meta: { title: 'shell.title.plans', role: 'viewer' },
  },
  {
    // `new` in place of a number: a plan that is not saved yet.
    path: '/p/:project(\\d+)/plans/:plan(\\d+|new)',
    name: 'plan',
    component: () => import('./pages/plans/PlanPage.vue'),
    meta: { title: 'shell.title.plan', role: 'viewer', rail: 'plans' },
  },
  {
    path: '/p/:project(\\d+)/runs',
    name: 'runs',
    component: () => import('./pages/runs/RunsPage.vue'),
    meta: { title: 'shell.title.runs', role: 'viewer' },
  },
  {
    path: '/p/:project(\\d+)/runs/:execution',
    name: 'run',
    component: () => import('./pages/run/RunPage.vue'),
    meta: { title: 'shell.title.run', role: 'viewer', rail: 'runs' },
  },
  {
    // `?runs=a,b&base=a`: which runs, and which of them the others are compared with.
    path: '/p/:project(\\d+)/compare',
    name: 'compare',
    component: () => import('./pages/compare/ComparePage.vue'),
    meta: { title: 'shell.title.compare', role: 'viewer', rail: 'runs' },
  },
  {
    path: '/p/:project(\\d+)/trends',
    name: 'trends',
    component: () => import('./pages/trends/TrendsPage.vue'),
    meta: { title: 'shell.title.trends', role: 'viewer' },
  },
  {
    path: '/p/:project(\\d+)/envs',
    name: 'envs',
    component: () => import('./pages/envs/EnvsPage.vue'),
    meta: { title: 'shell.title.envs', role: 'viewer' },
  },
  {
    path: '/p/:project(\\d+)/data',
    name: 'data',
    component: () => import('./pages/data/DataPage.vue'),
    meta: { title: 'shell.title.data', role: 'viewer' },
  },
  {
    path: '/p/:project(\\d+)/presets',
    name: 'presets',
    component: () => import('./pages/presets/PresetsPage.vue'),
    meta: { title: 'shell.title.presets', role: 'viewer' },
  },
  {
    path: '/p/:project(\\d+)/members',
    name: 'members',
    component: () => import('./pages/members/MembersPage.vue'),
    meta: { title: 'shell.title.members', role: 'viewer' },
  },
  {
    path: '/nodes',
    name: 'nodes',
    component: () => import('./pages/nodes/NodesPage.vue'),
    meta: { title: 'shell.title.nodes' },
  },
  {
    path: '/plugins',
    name: 'plugins',
    component: () => import('./pages/plugins/PluginsPage.vue'),
    meta: { title: 'shell.title.plugins' },
  },
  {
    path: '/users',
    name: 'users',
    component: () => import('./pages/users/UsersPage.vue'),
    meta: { title: 'shell.title.users', administrator: true },
  },
  {
    path: '/guide/:doc*',
    name: 'guide',
    component: () => import('./pages/guide/GuidePage.vue'),
    meta: { title: 'shell.title.guide' },
  },
  {
    path: '/:rest(.*)',
    name: 'missing',
    component: () => import('./pages/MissingPage.vue'),
    meta: { title: 'shell.title.missing' },
  },
]
