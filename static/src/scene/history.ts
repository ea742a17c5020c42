/** Undo and redo over values that are never changed in place. Changes of one field in a row are one step back. */
export interface History<T> {
  past: T[]
  now: T
  future: T[]
  /** What the last change was about, and when. */
  last: { about: string; at: number } | null
}

const MOST = 200
const TOGETHER_MS = 1500

export function begin<T>(now: T): History<T> {
  return { past: [], now, future: [], last: null }
}

export function changed<T>(history: History<T>, now: T, about: string, at: number): History<T> {
  if (now === history.now) return history
  const { last } = history
  const same = last !== null && about !== '' && last.about === about && at - last.at < TOGETHER_MS
  const past = same ? history.past : [...history.past.slice(1 - MOST), history.now]
  return { past, now, future: [], last: { about, at } }
}

export function undone<T>(history: History<T>): History<T> {
  const before = history.past.at(-1)
  if (before === undefined) return history
  return { past: history.past.slice(0, -1), now: before, future: [history.now, ...history.future], last: null }
}

export function redone<T>(history: History<T>): History<T> {
  const [next, ...future] = history.future
  if (next === undefined) return history
  return { past: [...history.past, history.now], now: next, future, last: null }
}
