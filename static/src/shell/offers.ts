// What the command palette offers: what the page can do, pages, things by name, settings, sign-out.
import { BookOpen, FolderKanban, Keyboard, Languages, LogOut, Monitor, Moon, Play, Settings, Sun, Terminal } from '@lucide/vue'
import { computed, type ComputedRef, type Ref } from 'vue'
import { type RouteLocationRaw, useRouter } from 'vue-router'
import { useCurrentProject } from '@/api/projects'
import { session } from '@/api/session'
import { signOut } from '@/api/users'
import { language, setLanguage, t } from '@/i18n'
import { commands } from '@/parts/commands'
import { keyCaps, keys, type PageKey } from '@/parts/keys'
import { theme, THEMES } from '@/style/theme'
import { platformEntries, projectEntries } from './navigation'
import type { Offer } from './offer'
import { useThings } from './things'

/** The palette itself, and the list of keys, which stands among the settings. */
const OF_SHELL: ReadonlySet<string> = new Set(['Ctrl+k', '?'])

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

/** What the page itself can do: its commands, and what its keys do. */
function here(): Offer[] {
  const group = t('shell.groups.here')
  const own = commands.value.map((command, index) => ({ id: `command-${index}`, group, icon: command.icon ?? Terminal, label: command.label(), run: command.run }))
  const pressed = keys.value.filter((key) => !key.repeated && !OF_SHELL.has(key.key))
  return [...pressed.map((key) => ofKey(key, group)), ...own]
}

function ofKey(key: PageKey, group: string): Offer {
  return { id: `key-${key.key}`, group, icon: Keyboard, label: key.label(), note: keyCaps(key.key).join(' '), run: () => key.run(new KeyboardEvent('keydown')) }
}

export function useOffers(wanted: Ref<boolean>, words: Ref<string>): ComputedRef<Offer[]> {
  const router = useRouter()
  const project = useCurrentProject()
  const things = useThings(wanted, words)
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
  return computed(() => [...here(), ...pages.value, ...things.value, ...settings()])
}
