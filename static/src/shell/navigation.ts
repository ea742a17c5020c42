// The entries of the rail; the command palette offers the same.
import { Bookmark, CirclePlay, ClipboardList, Database, Globe, House, Layers, Plug, Server, TrendingUp, UserRound, Users } from '@lucide/vue'
import type { Component } from 'vue'
import type { RouteLocationRaw } from 'vue-router'
import type { Key } from '@/i18n'

export interface Entry {
  name: string
  label: Key
  icon: Component
  to: RouteLocationRaw
}

const IN_PROJECT: [string, Key, Component][] = [
  ['overview', 'shell.title.overview', House],
  ['scenes', 'shell.title.scenes', Layers],
  ['plans', 'shell.title.plans', ClipboardList],
  ['runs', 'shell.title.runs', CirclePlay],
  ['trends', 'shell.title.trends', TrendingUp],
  ['data', 'shell.title.data', Database],
  ['envs', 'shell.title.envs', Globe],
  ['presets', 'shell.title.presets', Bookmark],
  ['members', 'shell.title.members', UserRound],
]

const OF_PLATFORM: [string, Key, Component][] = [
  ['nodes', 'shell.title.nodes', Server],
  ['plugins', 'shell.title.plugins', Plug],
  ['users', 'shell.title.users', Users],
]

export function projectEntries(project: number): Entry[] {
  return IN_PROJECT.map(([name, label, icon]) => ({ name, label, icon, to: { name, params: { project } } }))
}

export function platformEntries(administrator: boolean): Entry[] {
  return OF_PLATFORM.filter(([name]) => administrator || name !== 'users').map(([name, label, icon]) => ({
    name,
    label,
    icon,
    to: { name },
  }))
}
