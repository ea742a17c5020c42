// Light, dark or as the system: kept in this browser, shown by `html.dark`.
import { useLocalStorage, usePreferredDark } from '@vueuse/core'
import { computed, effectScope, watchEffect } from 'vue'

export type Theme = 'light' | 'dark' | 'system'
export const THEMES: readonly Theme[] = ['light', 'dark', 'system']

const scope = effectScope(true)
const systemDark = scope.run(() => usePreferredDark())!
export const theme = useLocalStorage<Theme>('perfsvc.theme', 'system')
/** Whether dark colours show. Charts watch it to draw themselves again. */
export const dark = scope.run(() =>
  computed(() => theme.value === 'dark' || (theme.value === 'system' && systemDark.value)),
)!

export function startTheme(): void {
  scope.run(() => watchEffect(() => document.documentElement.classList.toggle('dark', dark.value), { flush: 'sync' }))
}
