// vue-i18n, without a language yet: `startLanguage` loads the one in use.
import { createI18n } from 'vue-i18n'

export const i18n = createI18n({ legacy: false, locale: 'zh', fallbackLocale: false, messages: {} })
