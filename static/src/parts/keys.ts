// Keys of the page: pressed anywhere but in a field or a dialog; listed by `?`.
import { useEventListener } from '@vueuse/core'
import { computed, onScopeDispose, shallowRef } from 'vue'

export interface PageKey {
  /** As `KeyboardEvent.key` has it: `n`, `/`, `Escape`, ` `; `Ctrl+k` for both Ctrl and ⌘. */
  key: string
  /** What it does, in the language in use. */
  label: () => string
  run: (event: KeyboardEvent) => void
  /** Whether it counts while a field has the focus. */
  everywhere?: boolean
  /** Whether it does anything now; what one may not do is not listed either. */
  when?: () => boolean
  /** Pressed again and again, as for moving: of no use in the command palette. */
  repeated?: boolean
}

const registered = shallowRef<readonly PageKey[]>([])

/** The keys that count now. */
export const keys = computed(() => registered.value.filter((key) => key.when?.() ?? true))

/** Whether typing goes into a field now, such as that of a code editor, which lives in a shadow root. */
export function typing(event: Event): boolean {
  const [target] = event.composedPath()
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

/** Whether what has the focus takes no text, and has no undo of its own. */
function textless(event: Event): boolean {
  const [target] = event.composedPath()
  return target instanceof HTMLElement && target.matches('select, input:is([type=range], [type=radio], [type=checkbox])')
}

function named(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  if (!event.ctrlKey && !event.metaKey) return key
  return event.shiftKey ? `Ctrl+Shift+${key}` : `Ctrl+${key}`
}

function fits(wanted: PageKey, event: KeyboardEvent): boolean {
  if (wanted.key !== named(event) || event.altKey) return false
  return wanted.everywhere === true || ((!typing(event) || (wanted.key.startsWith('Ctrl+') && textless(event))) && document.querySelector('dialog[open]') === null)
}

/** Have a key do something while the calling component lives. The last one to ask for a key has it. */
export function useKey(key: PageKey): void {
  registered.value = [...registered.value, key]
  onScopeDispose(() => {
    registered.value = registered.value.filter((one) => one !== key)
  })
}

/** Listen for all keys: once, by the shell. */
export function listenForKeys(): void {
  useEventListener(document, 'keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return
    const found = keys.value.findLast((one) => fits(one, event))
    if (found === undefined) return
    // What has the focus keeps its Space and Enter.
    if (/^( |Enter)$/.test(found.key) && event.target instanceof Element && event.target.closest('button, summary, a')) return
    event.preventDefault()
    found.run(event)
  })
}

const SHOWN: Record<string, string> = { ' ': 'Space', Enter: '↵', Escape: 'Esc', ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓' }

/** A key as it is printed on a keyboard. */
export function keyCaps(key: string): string[] {
  return key.split(/(?<=.)\+/).map((part) => SHOWN[part] ?? (part.length === 1 ? part.toUpperCase() : part))
}
