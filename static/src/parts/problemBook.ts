// The problems of what is being edited, by path: given by a page, shown by its fields.
import { warned } from './notices'
import { type ComputedRef, computed, type InjectionKey, inject, nextTick, provide } from 'vue'

export type ProblemBook = Readonly<Record<string, string>>

const KEY: InjectionKey<ComputedRef<ProblemBook>> = Symbol('problems')
const NONE = computed<ProblemBook>(() => ({}))

export function provideProblems(problems: ComputedRef<ProblemBook>): void {
  provide(KEY, problems)
}

export function useProblemBook(): ComputedRef<ProblemBook> {
  return inject(KEY, NONE)
}

/** The problem of one path; also of what is in it when `deep`. */
export function problemIn(book: ProblemBook, path: string, deep = false): string {
  const own = book[path]
  if (own !== undefined || !deep) return own ?? ''
  const inner = Object.keys(book).find((key) => key.startsWith(`${path}.`) || key.startsWith(`${path}[`))
  return inner === undefined ? '' : (book[inner] ?? '')
}

/** Scroll to the field of a problem and focus what can be typed in. A problem without a field, and without an enclosing one, is shown at the edge. */
export async function goToProblem(path: string, text = ''): Promise<void> {
  await nextTick()
  for (let part = path; part; part = part.replace(/(\.[^.[\]]+|\[\d+\])$/, '')) {
    const field = document.querySelector<HTMLElement>(`[data-path="${CSS.escape(part)}"]`)
    if (field) {
      for (let fold = field.closest('details'); fold; fold = fold.parentElement?.closest('details') ?? null) fold.open = true
      field.scrollIntoView({ block: 'center' })
      field.querySelector<HTMLElement>('input, select, textarea, button:not(.info)')?.focus({ preventScroll: true })
      return
    }
    if (!/[.[]/.test(part)) break
  }
  if (text) warned(text)
}
