// The team's own pins on the sheet: drawn beside what happened by itself, made with a button or a key.
import { computed, ref } from 'vue'
import type { RunPin } from '@/api/pins'
import { language, t } from '@/i18n'
import { useKey } from '@/parts/keys'
import { Pin as PinIcon } from '@lucide/vue'
import type { Pin } from '@/charts/MarkRow.vue'
import { pinTime } from './words'
import type { RunView } from './view'

/** In the row of events; the whole text stands in the list. */
const LABEL = 28

export function useRunPins(view: RunView) {
  const { pins } = view
  const open = ref(false)
  const picked = ref<RunPin | null>(null)
  const at = ref<{ from: number; to: number | null }>({ from: 0, to: null })

  function show(pin: RunPin): void {
    picked.value = pin
    open.value = true
  }
  /** The moment under the cursor; the window; what is last known. */
  function make(): void {
    const { group, window, now, whole } = view
    const moment = Math.min(group.cursor ?? now.value, whole.value.to)
    at.value = group.cursor === null && window.value ? { ...window.value } : { from: Math.max(Math.floor(moment), Math.ceil(view.start.value)), to: null }
    picked.value = null
    open.value = true
  }
  useKey({ key: 'p', label: () => t('run.steer.key.pin'), when: () => view.mayEdit.value, run: make })

  const pinned = computed<Pin[]>(() => (void language.value, pins.value.map((pin) => ({ id: pin.id, at: pin.from, to: pin.to, tone: 'pin', icon: PinIcon, text: short(pin.text), why: `${pinTime(pin, view.when)} · ${pin.text} · ${pin.author}` }))))
  return { pins, pinned, open, picked, at, show, make }
}

function short(text: string): string {
  const letters = [...text.replace(/\s+/g, ' ')]
  return letters.length > LABEL ? `${letters.slice(0, LABEL - 1).join('')}…` : letters.join('')
}
