// The name of what a page shows (a plan, a run): in the breadcrumbs and in the title of the browser's tab.
import { type MaybeRefOrGetter, onScopeDispose, shallowRef, toValue, watchEffect } from 'vue'

export const pageTitle = shallowRef<string | null>(null)

export function usePageTitle(title: MaybeRefOrGetter<string | null | undefined>): void {
  watchEffect(() => {
    pageTitle.value = toValue(title) ?? null
  })
  onScopeDispose(() => {
    pageTitle.value = null
  })
}
