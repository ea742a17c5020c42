// Language of the UI: one loaded at a time. `t` takes only keys that exist, so a missing text does not compile.
import { shallowRef } from 'vue'
import { chosenLanguage, keepLanguage, loaders, workLoaders, type Language } from './choice'
import { i18n } from './engine'
import type { zh } from './zh'
import type { zhWork } from './zh-work'

export type { Language } from './choice'
type Texts = typeof zh & typeof zhWork
type KeyOf<T> = { [K in keyof T & string]: T[K] extends string ? K : `${K}.${KeyOf<T[K]>}` }[keyof T & string]
/** The path of a text, such as `shell.signOut`. */
export type Key = KeyOf<Texts>

/** The language in use. */
export const language = shallowRef<Language>('zh')

/** Whether the texts of the pages behind the sign-in are wanted. */
let working = false

const texts: Record<Language, object> = { zh: {}, en: {} }
let plain = new Map<Key, string | null>()

/** A text without places for values, forms or links; null where it has to be compiled. Most are plain, and need not be. */
function plainText(key: Key): string | null {
  let found = plain.get(key)
  if (found === undefined) {
    const text = key.split('.').reduce<unknown>((node, part) => (node as Record<string, unknown> | undefined)?.[part], texts[language.value])
    found = typeof text === 'string' && !/[{|@]/.test(text) ? text : null
    plain.set(key, found)
  }
  return found
}

function addTexts(wanted: Language, more: object): void {
  Object.assign(texts[wanted], more)
  plain = new Map()
  i18n.global.mergeLocaleMessage(wanted, more)
}

/** Return the text in the language in use. `count` picks the form where a text has several, parted by `|`. */
export function t(key: Key, values: Record<string, unknown> = {}, count?: number): string {
  // Read first, so that what shows the text follows the language.
  const inUse = language.value && plainText(key)
  if (inUse !== null) return inUse
  return count === undefined ? i18n.global.t(key, values) : i18n.global.t(key, { n: count, ...values }, count)
}

/** The language for `toLocaleString` and the `lang` attribute. */
export function tag(): string {
  return language.value === 'zh' ? 'zh-CN' : 'en'
}

export async function setLanguage(wanted: Language): Promise<void> {
  const [first, work] = await Promise.all([loaders[wanted](), working ? workLoaders[wanted]() : null])
  addTexts(wanted, { ...first, ...work })
  i18n.global.locale.value = wanted
  language.value = wanted
  keepLanguage(wanted)
  document.documentElement.lang = tag()
}

/** Load the texts of the pages behind the sign-in, which is light without them. */
export async function loadWorkTexts(): Promise<void> {
  if (working) return
  working = true
  const wanted = language.value
  addTexts(wanted, await workLoaders[wanted]())
}

/** `signedIn`: the texts of the pages behind the sign-in are loaded as well. */
export async function startLanguage(signedIn: boolean): Promise<void> {
  working = signedIn
  await setLanguage(chosenLanguage())
}
