// Keys of the window: W S zoom, A D pan, 0 shows the whole run, F follows.
import { t } from '@/i18n'
import { useKey } from '@/parts/keys'
import { panned, zoomed } from '@/run/window'
import type { RunView } from './view'

export function useKeysOfWindow(view: RunView): void {
  const { shown, whole, group } = view
  const all = () => {
    view.follow.value = 'whole'
    view.setWindow(null)
  }
  const zoom = (factor: number) => {
    const next = zoomed(shown.value, whole.value, factor, group.cursor ?? undefined)
    if (next) view.setWindow(next)
    else if (factor > 1) all()
  }
  const pan = (share: number) => view.setWindow(panned(shown.value, whole.value, share))
  useKey({ key: 'w', repeated: true, label: () => t('run.steer.key.closer'), run: () => zoom(0.6) })
  useKey({ key: 's', repeated: true, label: () => t('run.steer.key.wider'), run: () => zoom(1 / 0.6) })
  useKey({ key: 'a', repeated: true, label: () => t('run.steer.key.left'), run: () => pan(-0.25) })
  useKey({ key: 'd', repeated: true, label: () => t('run.steer.key.right'), run: () => pan(0.25) })
  useKey({ key: '0', label: () => t('run.steer.key.whole'), run: all })
  useKey({ key: 'f', label: () => t('run.steer.key.follow'), when: () => view.live.value, run: () => view.setWindow(null) })
}
