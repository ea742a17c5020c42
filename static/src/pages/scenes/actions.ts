// What keys and menus do to the chosen step.
import { t } from '@/i18n'
import { readClipboard, writeClipboard } from '@/parts/clipboard'
import { done, failed, warned } from '@/parts/notices'
import { isCurl } from '@/scene/curl'
import { copied, newStep, stepsIn } from '@/scene/newSteps'
import { duplicate, insertAfter, moveDown, moveUp, remove, wrap } from '@/scene/moves'
import { replaced, stepAt } from '@/scene/paths'
import type { Kind, Step } from '@/scene/types'
import type { useSceneEditor } from './editor'

export type TreeAction = 'up' | 'down' | 'copy' | 'cut' | 'paste' | 'duplicate' | 'remove' | 'toggle'
type Editor = ReturnType<typeof useSceneEditor>

// What was copied here last, for browsers that do not let pages read the clipboard.
let kept = ''

/** The chosen step as text; taken out of the scene where it is cut. Null where none is chosen. */
export function clipped(editor: Editor, action: 'copy' | 'cut'): string | null {
  const scene = editor.scene.value
  const step = scene && stepAt(scene, editor.selected.value)
  if (!scene || !step) return null
  kept = copied([step])
  if (action === 'cut') editor.moved(remove(scene, editor.selected.value))
  else done(t('scenes.copied'))
  return kept
}

/** Put the steps of a text after the chosen one. Return whether it holds any. */
export function pasteText(editor: Editor, text: string): boolean {
  const scene = editor.scene.value
  const found = scene && stepsIn(text, scene)
  if (!scene || !found) return false
  editor.moved(insertAfter(scene, editor.selected.value || null, ...found.steps))
  tellLeft(found.left)
  return true
}

/** Name what of a cURL command has no counterpart. */
export function tellLeft(left: readonly string[]): void {
  if (left.length) warned(t('scenes.curlLeft', { options: left.join(', ') }))
}

/** Why a text gave no steps. */
export const whyNothing = (text: string) => t(isCurl(text) ? 'scenes.curlBroken' : 'scenes.nothingToPaste')

async function clip(editor: Editor, action: 'copy' | 'cut'): Promise<void> {
  const text = clipped(editor, action)
  if (text !== null) await writeClipboard(text)
}

async function paste(editor: Editor): Promise<void> {
  const text = await readClipboard()
  if (pasteText(editor, text) || (!text && pasteText(editor, kept))) return
  failed(text ? whyNothing(text) : t('scenes.pasteByKeys'))
}

export async function act(editor: Editor, action: TreeAction, readonly: boolean): Promise<void> {
  const scene = editor.scene.value
  const path = editor.selected.value
  if (action === 'copy') return clip(editor, 'copy')
  if (readonly || !scene) return
  if (action === 'paste') return paste(editor)
  const step = stepAt(scene, path)
  if (!step) return
  if (action === 'cut') return clip(editor, 'cut')
  if (action === 'up') editor.moved(moveUp(scene, path))
  else if (action === 'down') editor.moved(moveDown(scene, path))
  else if (action === 'duplicate') editor.moved(duplicate(scene, path))
  else if (action === 'remove') editor.moved(remove(scene, path))
  else editor.put(replaced(scene, path, toggled(step)))
}

/** Enabled is what a step is by itself, so only the opposite is written. */
function toggled({ enabled, ...rest }: Step): Step {
  return enabled === false ? rest : { ...rest, enabled: false }
}

export function add(editor: Editor, kind: Kind, protocol?: string): void {
  const scene = editor.scene.value
  if (!scene) return
  editor.moved(insertAfter(scene, editor.selected.value || null, newStep(kind, t(`scenes.newName.${kind}`), scene, protocol, t('scenes.newName.request'))))
}

export function enclose(editor: Editor, kind: Kind): void {
  const scene = editor.scene.value
  if (scene) editor.moved(wrap(scene, editor.selected.value, newStep(kind, t(`scenes.newName.${kind}`), scene)))
}
