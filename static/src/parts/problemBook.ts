// The problems of what is being edited, by path: given by a page, shown by its fields.
import { warned } from './notices'
import { type ComputedRef, computed, type InjectionKey, inject, nextTick, onBeforeUnmount, provide, ref, watch } from 'vue'

export type ProblemBook = Readonly<Record<string, string>>

const KEY: InjectionKey<ComputedRef<ProblemBook>> = Symbol('problems')
const NONE = computed<ProblemBook>(() => ({}))

export function provideProblems(problems: ComputedRef<ProblemBook>): void {
  provide(KEY, problems)
}

export function useProblemBook(): ComputedRef<ProblemBook> {
  return inject(KEY, NONE)
}

const UNREADABLE: InjectionKey<(path: string, text: string) => void> = Symbol('unreadable')

/** What fields say of texts that cannot be read, by path: the last text that could be is what would be saved. */
export function provideUnreadable(): ComputedRef<ProblemBook> {
  const found = ref<Record<string, string>>({})
  provide(UNREADABLE, (path, text) => {
    const { [path]: _, ...others } = found.value
    found.value = text ? { ...others, [path]: text } : others
  })
  return computed(() => found.value)
}

/** Tell the page what is wrong with the text of a field, as long as the field is there. */
export function useUnreadable(path: () => string, text: () => string): void {
  const tell = inject(UNREADABLE, () => undefined)
  watch([path, text], ([at, now], [before]) => {
    if (before !== undefined && before !== at) tell(before, '')
    if (now || before !== undefined) tell(at, now)
  }, { immediate: true })
  onBeforeUnmount(() => text() && tell(path(), ''))
}

/** The problem of one path; also of what is in it when `deep`. */
export function problemIn(book: ProblemBook, path: string, deep = false): string {
  const own = book[path]
  if (own !== undefined || !deep) return own ?? ''
  const inner = Object.keys(book).find((key) => key.startsWith(`${path}.`) || key.startsWith(`${path}[`))
  return inner === undefined ? '' : (book[inner] ?? '')
}

/** Scroll to the field of a problem and focus what can be typed in. Where there is none, not even an enclosing one, the problem is told at the edge. */
export async function goToProblem(path: string, text = ''): Promise<void> {
  await nextTick()
  for (let part = path; part; part = part.replace(/(\.[^.[\]]+|\[\d+\])$/, '')) {
    const field = document.querySelector<HTMLElement>(`[data-path="${CSS.escape(part)}"]`)
    if (field) {
      field.scrollIntoView({ block: 'center' })
      field.querySelector<HTMLElement>('input, select, textarea, button:not(.info)')?.focus({ preventScroll: true })
      return
    }
    if (!/[.[]/.test(part)) break
  }
  if (text) warned(text)
}
