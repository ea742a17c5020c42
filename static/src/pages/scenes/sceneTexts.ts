// Texts in a scene that cannot be read: each belongs to its step, wherever that is moved.
import { computed, type ComputedRef, type Ref, shallowRef, watch } from 'vue'
import type { ProblemBook } from '@/parts/problemBook'
import { provideUnreadables, type Unreadable, written } from '@/parts/unreadableText'
import { at, problemPlace, stepAt } from '@/scene/paths'
import { everyStep } from '@/scene/tree'
import type { Scene, Step } from '@/scene/types'

/** A text and the place of its field. */
export interface PlacedText extends Unreadable {
  path: string
  field: string
}

export interface StepText extends PlacedText {
  step: Step
}

/** What a draft has beside its scene: texts of fields, and the text of the whole scene, that cannot be read. */
export interface Beside {
  texts?: readonly PlacedText[]
  source?: { language: 'json' | 'yaml'; text: string }
}

/** With a part changed; null where nothing is left. */
export function withBeside(old: Beside | null, { texts = old?.texts, source = old?.source }: { texts?: Beside['texts']; source?: Beside['source'] | null }): Beside | null {
  const next = { ...(texts?.length ? { texts } : {}), ...(source ? { source } : {}) }
  return Object.keys(next).length ? next : null
}

/** The texts as they belong to a changed scene; one is given up with its step, or when its field has got another value. */
export function carriedOver(texts: readonly (PlacedText & { step?: Step })[], scene: Scene): readonly StepText[] {
  const stays = (text: PlacedText & { step?: Step }): text is StepText => stepAt(scene, text.path) === text.step
  if (texts.every(stays)) return texts
  const paths = new Map(everyStep(scene).map(({ path, step }) => [step, path]))
  return texts.flatMap((text) => {
    // A step that is moved is the same object; one that is edited is another at the same path.
    const path = (text.step && paths.get(text.step)) ?? text.path
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

/** Keep the texts of the fields below, with the draft too; return what is wrong with them, by path. */
export function keepUnreadables(scene: ComputedRef<Scene>, beside: Ref<Beside | null>): ComputedRef<ProblemBook> {
  // Those of the draft come without their steps, and find them by their paths.
  const texts = shallowRef(carriedOver(beside.value?.texts ?? [], scene.value))
  watch(scene, (next) => (texts.value = carriedOver(texts.value, next)))
  const plain = ({ path, field, text, fault, sound }: StepText): PlacedText => ({ path, field, text, fault, sound })
  watch(texts, (next) => (beside.value = withBeside(beside.value, { texts: next.map(plain) })), { immediate: true })
  // A draft that is saved or discarded has none.
  watch(beside, (next) => {
    if (!next?.texts) texts.value = texts.value.length ? [] : texts.value
  })
  provideUnreadables({
    at: (place) => texts.value.find((one) => placeOf(one) === place) ?? null,
    put: (place, text) => (texts.value = textPut(texts.value, scene.value, place, text)),
  })
  return computed(() => Object.fromEntries(texts.value.map((one) => [placeOf(one), one.fault])))
}
