// What the guide says about a field, for the “i” beside it: a form names the page, its fields ask for their key.
import { type ComputedRef, computed, type InjectionKey, inject, type MaybeRefOrGetter, provide, shallowRef, toValue, watch } from 'vue'
import type { RouteLocationRaw } from 'vue-router'
import { type Help, helpIn, helpFor } from '@/guide/help'
import { DOCS, read } from '@/guide/library'
import { language, type Language } from '@/i18n'

interface FieldHelp {
  text: string
  to: RouteLocationRaw
}

type Ask = (key: string) => FieldHelp | null
const KEY: InjectionKey<ComputedRef<Ask>> = Symbol('help')
const NONE = computed<Ask>(() => () => null)

// Pages are parsed once for all forms.
const parsed = new Map<string, Promise<Help | null>>()
function helpOf(doc: string, words: Language): Promise<Help | null> {
  const key = `${words} ${doc}`
  const help = parsed.get(key) ?? read(doc, words).then(helpIn, () => null)
  parsed.set(key, help)
  return help
}

/** Ask this page of the guide; nothing where it has no such page. */
export function useGuide(doc: MaybeRefOrGetter<string | null>): ComputedRef<Ask> {
  const help = shallowRef<Help | null>(null)
  const known = computed(() => {
    const wanted = toValue(doc)
    return wanted !== null && (DOCS as readonly string[]).includes(wanted) ? wanted : null
  })
  watch([known, language], async ([wanted, words]) => {
    help.value = wanted === null ? null : await helpOf(wanted, words)
  }, { immediate: true })
  return computed(() => (key) => {
    if (!help.value || known.value === null) return null
    const said = helpFor(help.value, key)
    // What the guide does not name leads to the page about it.
    return { text: said?.text ?? '', to: { name: 'guide', params: { doc: known.value.split('/') }, hash: said ? `#${said.id}` : '' } }
  })
}

/** Have the fields below ask this page. */
export function provideGuide(doc: MaybeRefOrGetter<string | null>): void {
  provide(KEY, useGuide(doc))
}

export function useFieldHelp(): ComputedRef<Ask> {
  return inject(KEY, NONE)
}
