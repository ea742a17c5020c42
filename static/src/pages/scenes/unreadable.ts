// Texts in a scene that cannot be read: each belongs to its step, wherever that is moved.
import { computed, type ComputedRef, shallowRef, watch } from 'vue'
import type { ProblemBook } from '@/parts/problemBook'
import { provideUnreadables, type Unreadable, written } from '@/parts/unreadable'
import { at, problemPlace, stepAt } from '@/scene/paths'
import { everyStep } from '@/scene/tree'
import type { Scene, Step } from '@/scene/types'

export interface StepText extends Unreadable {
  path: string
  field: string
  step: Step
}

/** The texts as they belong to a changed scene; one is given up with its step, or when its field has got another value. */
export function carriedOver(texts: readonly StepText[], scene: Scene): readonly StepText[] {
  const stays = (text: StepText) => stepAt(scene, text.path) === text.step
  if (texts.every(stays)) return texts
  const paths = new Map(everyStep(scene).map(({ path, step }) => [step, path]))
  return texts.flatMap((text) => {
    // A step that is moved is the same object; one that is edited is another at the same path.
    const path = paths.get(text.step) ?? text.path
    const step = stepAt(scene, path)
    return step && written(at(scene, placeOf({ ...text, path }))) === text.sound ? [{ ...text, path, step }] : []
  })
}

export const placeOf = ({ path, field }: Pick<StepText, 'path' | 'field'>) => `${path}.${field}`

export function textPut(texts: readonly StepText[], scene: Scene, place: string, text: Unreadable | null): readonly StepText[] {
  const others = texts.filter((one) => placeOf(one) !== place)
  const { step: path, field } = problemPlace(scene, place)
  const step = stepAt(scene, path)
  return text && step ? [...others, { ...text, path, field, step }] : others
}

/** Keep the texts of the fields below; return what is wrong with them, by path. */
export function keepUnreadables(scene: ComputedRef<Scene>): { book: ComputedRef<ProblemBook>; forget: () => void } {
  const texts = shallowRef<readonly StepText[]>([])
  watch(scene, (next) => (texts.value = carriedOver(texts.value, next)))
  provideUnreadables({
    at: (place) => texts.value.find((one) => placeOf(one) === place) ?? null,
    put: (place, text) => (texts.value = textPut(texts.value, scene.value, place, text)),
  })
  return { book: computed(() => Object.fromEntries(texts.value.map((one) => [placeOf(one), one.fault]))), forget: () => (texts.value = []) }
}
