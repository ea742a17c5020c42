// Language of the UI: one loaded at a time. `t` takes only keys that exist, so a missing text does not compile.
import { shallowRef } from 'vue'
import { i18n } from './engine'
import type { zh } from './zh'
import type { zhWork } from './zh-work'

export type Language = 'zh' | 'en'
type Texts = typeof zh & typeof zhWork
type KeyOf<T> = { [K in keyof T & string]: T[K] extends string ? K : `${K}.${KeyOf<T[K]>}` }[keyof T & string]
/** The path of a text, such as `shell.signOut`. */
export type Key = KeyOf<Texts>

const STORED = 'perfsvc.language'
/** The language in use. */
export const language = shallowRef<Language>('zh')

const loaders = {
  zh: async () => (await import('./zh')).zh,
  en: async () => (await import('./en')).en,
}
const workLoaders = {
  zh: async () => (await import('./zh-work')).zhWork,
  en: async () => (await import('./en-work')).enWork,
}
/** Whether the texts of the pages behind the sign-in are wanted. */
let working = false

const NONE: Record<string, unknown> = {}
/** Texts without values, found once: a page asks for hundreds of them each time it draws. */
const found = shallowRef(new Map<Key, string>())

/** Return the text in the language in use. `count` picks the form where a text has several, parted by `|`. */
export function t(key: Key, values: Record<string, unknown> = NONE, count?: number): string {
  if (count !== undefined) return i18n.global.t(key, { n: count, ...values }, count)
  if (values !== NONE) return i18n.global.t(key, values)
  const texts = found.value
  const text = texts.get(key) ?? i18n.global.t(key)
  texts.set(key, text)
  return text
}

/** The language for `toLocaleString` and the `lang` attribute. */
export function tag(): string {
  return language.value === 'zh' ? 'zh-CN' : 'en'
}

export async function setLanguage(wanted: Language): Promise<void> {
  const [texts, work] = await Promise.all([loaders[wanted](), working ? workLoaders[wanted]() : null])
  i18n.global.setLocaleMessage(wanted, texts)
  if (work) i18n.global.mergeLocaleMessage(wanted, work)
  i18n.global.locale.value = wanted
  found.value = new Map()
  language.value = wanted
  localStorage.setItem(STORED, wanted)
  document.documentElement.lang = tag()
}

/** Load the texts of the pages behind the sign-in, which is light without them. */
export async function loadWorkTexts(): Promise<void> {
  if (working) return
  working = true
  const wanted = language.value
  i18n.global.mergeLocaleMessage(wanted, await workLoaders[wanted]())
  found.value = new Map()
}

/** `signedIn`: the texts of the pages behind the sign-in are loaded as well. */
export async function startLanguage(signedIn: boolean): Promise<void> {
  working = signedIn
  const stored = localStorage.getItem(STORED)
  const known = stored === 'zh' || stored === 'en' ? stored : null
  await setLanguage(known ?? (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en'))
}
