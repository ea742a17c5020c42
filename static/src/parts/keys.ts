// Keys of the page: pressed anywhere but in a field or a dialog; listed by `?`.
import { useEventListener } from '@vueuse/core'
import { onScopeDispose, shallowRef } from 'vue'

export interface PageKey {
  /** As `KeyboardEvent.key` has it: `n`, `/`, `Escape`, ` `; `Ctrl+k` for both Ctrl and ⌘. */
  key: string
  /** What it does, in the language in use. */
  label: () => string
  run: (event: KeyboardEvent) => void
  /** Whether it counts while a field has the focus. */
  everywhere?: boolean
}

export const keys = shallowRef<readonly PageKey[]>([])

/** Whether typing goes into a field now. */
function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

function named(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  return event.ctrlKey || event.metaKey ? `Ctrl+${key}` : key
}

function fits(wanted: PageKey, event: KeyboardEvent): boolean {
  if (wanted.key !== named(event) || event.altKey) return false
  return wanted.everywhere === true || (!typing(event.target) && document.querySelector('dialog[open]') === null)
}

/** Have a key do something while the calling component lives. The last one to ask for a key has it. */
export function useKey(key: PageKey): void {
  keys.value = [...keys.value, key]
  onScopeDispose(() => {
    keys.value = keys.value.filter((one) => one !== key)
  })
}

/** Listen for all keys: once, by the shell. */
export function listenForKeys(): void {
  useEventListener(document, 'keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return
    const found = keys.value.findLast((one) => fits(one, event))
    if (found === undefined) return
    // A button that has the focus keeps its Space and Enter.
    if ((event.key === ' ' || event.key === 'Enter') && event.target instanceof HTMLButtonElement) return
    event.preventDefault()
    found.run(event)
  })
}

const SHOWN: Record<string, string> = { ' ': 'Space', Escape: 'Esc', ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓' }

/** A key as it is printed on a keyboard. */
export function keyCaps(key: string): string[] {
  return key.split(/(?<=.)\+/).map((part) => SHOWN[part] ?? (part.length === 1 ? part.toUpperCase() : part))
}
