// Which language is in use, and where its texts are. Nothing of Vue: the page asks for its texts before the app is there.

export type Language = 'zh' | 'en'

const STORED = 'perfsvc.language'

export const loaders = {
  zh: async () => (await import('./zh')).zh,
  en: async () => (await import('./en')).en,
}
/** Texts of the pages behind the sign-in, which is light without them. */
export const workLoaders = {
  zh: async () => (await import('./zh-work')).zhWork,
  en: async () => (await import('./en-work')).enWork,
}

/** The language that was chosen in this browser; until then the browser's own. */
export function chosenLanguage(): Language {
  const stored = localStorage.getItem(STORED)
  if (stored === 'zh' || stored === 'en') return stored
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en'
}

export function keepLanguage(language: Language): void {
  localStorage.setItem(STORED, language)
}
