// What the command palette offers: the page's own commands, pages, plans, projects, settings, sign-out.
import { BookOpen, ClipboardList, FolderKanban, Keyboard, Languages, LogOut, Monitor, Moon, Play, Settings, Sun, Terminal } from '@lucide/vue'
import { computed, type Component, type ComputedRef, type Ref } from 'vue'
import { type RouteLocationRaw, useRouter } from 'vue-router'
import { usePlans } from '@/api/plans'
import { useCurrentProject, useProjects } from '@/api/projects'
import { session } from '@/api/session'
import { signOut } from '@/api/users'
import { language, setLanguage, t } from '@/i18n'
import { commands } from '@/parts/commands'
import { keys } from '@/parts/keys'
import { theme, THEMES } from '@/style/theme'
import { platformEntries, projectEntries } from './navigation'

export interface Offer {
  id: string
  group: string
  label: string
  note?: string
  icon: Component
  run: () => void
}

function settings(): Offer[] {
  const group = t('shell.groups.settings')
  const icons = { light: Sun, dark: Moon, system: Monitor }
  const themes = THEMES.filter((one) => one !== theme.value).map((one) => ({
    id: `theme-${one}`,
    group,
    icon: icons[one],
    label: `${t('shell.theme')} · ${t(`shell.themes.${one}`)}`,
    run: () => (theme.value = one),
  }))
  const other = language.value === 'zh' ? 'en' : 'zh'
  return [
    { id: 'language', group, icon: Languages, label: t('shell.otherLanguage'), run: () => void setLanguage(other) },
    ...themes,
    { id: 'keys', group, icon: Keyboard, label: t('shell.keys'), run: () => keys.value.find(({ key }) => key === '?')?.run(new KeyboardEvent('keydown')) },
    { id: 'sign-out', group, icon: LogOut, label: t('shell.signOut'), run: () => void signOut() },
  ]
}

export function useOffers(wanted: Ref<boolean>): ComputedRef<Offer[]> {
  const router = useRouter()
  const project = useCurrentProject()
  const projects = useProjects()
  const plans = usePlans(() => project.value?.id ?? null, wanted)
  const go = (to: RouteLocationRaw) => () => void router.push(to)

  const pages = computed<Offer[]>(() => {
    const inProject = project.value === null ? [] : projectEntries(project.value.id)
    const all = [...inProject, ...platformEntries(session.user?.administrator === true)]
    const group = t('shell.groups.pages')
    return [
      ...all.map((entry) => ({ id: entry.name, group, icon: entry.icon, label: t(entry.label), run: go(entry.to) })),
      { id: 'start', group, icon: Play, label: t('shell.quickTest'), run: go({ name: 'start' }) },
      { id: 'guide', group, icon: BookOpen, label: t('shell.title.guide'), run: go({ name: 'guide' }) },
      { id: 'me', group, icon: Settings, label: t('shell.title.me'), run: go({ name: 'me' }) },
      { id: 'projects', group, icon: FolderKanban, label: t('shell.allProjects'), run: go({ name: 'projects' }) },
    ]
  })
  const named = computed<Offer[]>(() => [
    ...(plans.data.value?.results ?? []).map((plan) => ({
      id: `plan-${plan.id}`,
      group: t('shell.groups.plans'),
      icon: ClipboardList,
      label: plan.name,
      run: go({ name: 'plan', params: { project: plan.project_id, plan: plan.id } }),
    })),
    ...(projects.data.value ?? [])
      .filter((one) => one.id !== project.value?.id)
      .map((one) => ({
        id: `project-${one.id}`,
        group: t('shell.groups.projects'),
        icon: FolderKanban,
        label: one.name,
        run: go({ name: 'overview', params: { project: one.id } }),
      })),
  ])
  const own = computed<Offer[]>(() =>
    commands.value.map((command, index) => ({
      id: `command-${index}`,
      group: t('shell.groups.here'),
      icon: command.icon ?? Terminal,
      label: command.label(),
      run: command.run,
    })),
  )
  return computed(() => [...own.value, ...pages.value, ...named.value, ...settings()])
}
