// A scene while it is edited: the tree with undo and redo, the chosen step, and saving it.
import { useDebounceFn } from '@vueuse/core'
import { computed, ref, shallowRef, watch } from 'vue'
import { changeScene, createScene, readScene, type StoredScene } from '@/api/sceneEditing'
import { t } from '@/i18n'
import { useDraft } from '@/parts/draft'
import { useSaving } from '@/parts/saving'
import { begin, changed, type History, redone, undone } from '@/scene/history'
import type { Moved } from '@/scene/moves'
import { replaced, stepAt } from '@/scene/paths'
import { everyStep } from '@/scene/tree'
import type { Scene, Step } from '@/scene/types'
import type { Beside } from './sceneTexts'

export function sceneOf({ name, description, steps, on_start, setup, teardown }: StoredScene): Scene {
  return { name, ...(description ? { description } : {}), steps: steps ?? [], on_start: on_start ?? [], setup: setup ?? [], teardown: teardown ?? [] }
}

export function newScene(): Scene {
  return { name: '', setup: [], on_start: [], steps: [{ type: 'request', name: t('start.sceneStep'), request: { method: 'GET', url: '/' } }], teardown: [] }
}

const RESTS_MS = 150

interface Place {
  project: () => number
  scene: () => number | null
}

export function useSceneEditor(place: Place) {
  const draft = useDraft<Scene, Beside>(() => `perfsvc.draft.scene.${place.project()}.${place.scene() ?? 'new'}`)
  const history = shallowRef<History<Scene> | null>(null)
  const selected = ref('')
  const scene = computed(() => draft.body.value)
  // The scene as it was when typing last rested, for all that looks at the whole of it: a key is work for its field only.
  const rested = shallowRef<Scene | null>(null)
  const settle = () => (rested.value = draft.body.value)
  const settleLater = useDebounceFn(settle, RESTS_MS)

  // What was read, taken over or discarded begins a new history; what was typed continues it.
  watch(draft.body, (body) => {
    if (body && body !== history.value?.now) {
      history.value = begin(body)
      settle()
    }
    if (body && !stepAt(body, selected.value)) selected.value = everyStep(body)[0]?.path ?? ''
  })

  function put(next: Scene, about = ''): void {
    if (!history.value) return
    history.value = changed(history.value, next, about, Date.now())
    draft.body.value = history.value.now
    if (about) void settleLater()
    else settle()
  }
  function go(next: History<Scene>): void {
    history.value = next
    draft.body.value = next.now
    settle()
    if (!stepAt(next.now, selected.value)) selected.value = everyStep(next.now)[0]?.path ?? ''
  }
  function moved({ scene: next, path }: Moved): void {
    put(next)
    selected.value = path || everyStep(next)[0]?.path || ''
  }
  function putStep(path: string, step: Step, about: string): void {
    if (scene.value) put(replaced(scene.value, path, step), `${path} ${about}`)
  }
  return {
    draft, scene, rested, settle, selected, put, putStep, moved,
    undo: () => history.value && go(undone(history.value)),
    redo: () => history.value && go(redone(history.value)),
    canUndo: computed(() => (history.value?.past.length ?? 0) > 0),
    canRedo: computed(() => (history.value?.future.length ?? 0) > 0),
    ...useSaving<StoredScene, Scene, Beside>(draft, {
      keys: { one: 'scene', lists: 'scenes' },
      id: place.scene,
      read: readScene,
      create: (body) => createScene(place.project(), body),
      change: (id, body, theirs) => changeScene(id, body, theirs ? theirs.version : draft.since.value),
      bodyOf: sceneOf,
    }),
  }
}
