// The name of a plugin in the language in use.
import { language } from '@/i18n'

interface Named {
  name: string
  title?: unknown
}

export function pluginTitle({ name, title }: Named): string {
  const texts = (title ?? {}) as Partial<Record<string, string>>
  return texts[language.value] ?? texts.en ?? name
}
