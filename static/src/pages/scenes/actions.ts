// What keys and menus do to the chosen step.
import { t } from '@/i18n'
import { done, failed } from '@/parts/notices'
import { copied, newStep, pasted } from '@/scene/newSteps'
import { duplicate, insertAfter, moveDown, moveUp, remove, wrap } from '@/scene/moves'
import { replaced, stepAt } from '@/scene/paths'
import type { Kind, Step } from '@/scene/types'
import type { useSceneEditor } from './editor'

export type TreeAction = 'up' | 'down' | 'copy' | 'cut' | 'paste' | 'duplicate' | 'remove' | 'toggle'
type Editor = ReturnType<typeof useSceneEditor>

// The browser may refuse its clipboard; then steps are kept here, for this page.
let kept = ''

async function write(text: string): Promise<void> {
  kept = text
  await navigator.clipboard?.writeText(text).catch(() => undefined)
}
async function read(): Promise<string> {
  const text = await navigator.clipboard?.readText().catch(() => '')
  return text && pasted(text) ? text : kept
}

async function clip(editor: Editor, action: 'copy' | 'cut'): Promise<void> {
  const scene = editor.scene.value
  const step = scene && stepAt(scene, editor.selected.value)
  if (!scene || !step) return
  await write(copied([step]))
  if (action === 'cut') editor.moved(remove(scene, editor.selected.value))
  else done(t('scenes.copied'))
}

async function paste(editor: Editor): Promise<void> {
  const steps = pasted(await read())
  if (!steps) return failed(t('scenes.nothingToPaste'))
  if (editor.scene.value) editor.moved(insertAfter(editor.scene.value, editor.selected.value || null, ...steps))
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
  editor.moved(insertAfter(scene, editor.selected.value || null, newStep(kind, t(`scenes.newName.${kind}`), scene, protocol)))
}

export function enclose(editor: Editor, kind: Kind): void {
  const scene = editor.scene.value
  if (scene) editor.moved(wrap(scene, editor.selected.value, newStep(kind, t(`scenes.newName.${kind}`), scene)))
}
