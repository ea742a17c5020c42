// Who did what last in a project: runs, and the last change of each thing and member.
import { Bookmark, CirclePlay, ClipboardList, Database, Globe, Layers, UserPlus } from '@lucide/vue'
import type { Component } from 'vue'
import type { RouteLocationRaw } from 'vue-router'
import type { Schemas } from '@/api/client'
import type { Role } from '@/api/projects'
import type { RunRow } from '@/api/runs'
import type { Key } from '@/i18n'
import { asDate } from '@/i18n/format'

export interface Deed {
  key: string
  /** The author's name, where it is known. */
  who: string | null
  says: Key
  values: { name: string; role?: Role }
  at: string
  icon: Component
  to: RouteLocationRaw
}

export interface Changed {
  name: string
  created_at: string
  updated_at: string
  updated_by: string | null
}

export interface Things {
  runs: readonly RunRow[]
  scenes: readonly (Changed & { id: number })[]
  plans: readonly (Changed & { id: number })[]
  files: readonly (Changed & { id: number })[]
  envs: readonly (Changed & { id: number })[]
  presets: readonly (Changed & { id: number })[]
  members: readonly Schemas['MemberResponse'][]
}

/** Times within which a thing is still the one that was made. */
const AT_ONCE_MS = 1000
const isNew = (one: { created_at: string; updated_at: string }) => asDate(one.updated_at).getTime() - asDate(one.created_at).getTime() < AT_ONCE_MS

/** Everything that happened, the latest first. */
export function deedsOf(project: number, things: Things): Deed[] {
  const page = (name: string) => ({ name, params: { project } })
  const all = [
    ...things.runs.map((run) => ranOf(project, run)),
    ...things.scenes.map((one) => changeOf('scene', one, Layers, { name: 'scene', params: { project, scene: one.id } })),
    ...things.plans.map((one) => changeOf('plan', one, ClipboardList, { name: 'plan', params: { project, plan: one.id } })),
    ...things.files.map((one) => changeOf('file', one, Database, page('data'))),
    ...things.envs.map((one) => changeOf('env', one, Globe, page('envs'))),
    ...things.presets.map((one) => changeOf('preset', one, Bookmark, page('presets'))),
    ...things.members.flatMap((one) => memberOf(one, page('members'))),
  ]
  return all.toSorted((a, b) => asDate(b.at).getTime() - asDate(a.at).getTime())
}

function ranOf(project: number, run: RunRow): Deed {
  const to = { name: 'run', params: { project, execution: run.execution_id } }
  return { key: run.execution_id, who: run.starter, says: 'pages.overview.did.run', values: { name: run.plan_name ?? '' }, at: run.start_time, icon: CirclePlay, to }
}

function changeOf(kind: 'scene' | 'plan' | 'file' | 'env' | 'preset', one: Changed & { id: number }, icon: Component, to: RouteLocationRaw): Deed {
  const says = isNew(one) ? (`pages.overview.did.made.${kind}` as const) : (`pages.overview.did.${kind}` as const)
  return { key: `${kind} ${one.id}`, who: one.updated_by, says, values: { name: one.name }, at: one.updated_at, icon, to }
}

/** Members of before their times were kept have none, so nothing is known of them. */
function memberOf({ user_id: id, username: name, role, created_at: from, updated_at: at, updated_by: by }: Schemas['MemberResponse'], to: RouteLocationRaw): Deed[] {
  if (!at) return []
  const added = from !== null && isNew({ created_at: from, updated_at: at })
  const word = added ? (by === name ? 'joined' : 'made.member') : 'member'
  return [{ key: `member ${id}`, who: by, says: `pages.overview.did.${word}` as const, values: { name, role }, at, icon: UserPlus, to }]
}
