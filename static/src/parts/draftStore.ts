// Drafts in the browser. Each tab has its own, which survives a reload; the newest of all tabs survives the closing of them.

/** Characters of one draft: browsers keep some five million of a site. */
const LONGEST = 1_000_000
const MOST = 20
const PREFIX = 'perfsvc.draft.'

interface Dated {
  at: string
}

/** What is kept of a key: of this tab, else of the last tab that wrote one; null without a readable draft. */
export function keptDraft<T extends Dated>(key: string): T | null {
  return read<T>(sessionStorage, key) ?? read<T>(localStorage, key)
}

/** Keep a draft. Return whether it could be; one that is out of date is worse than none, so it goes then. */
export function keepDraft(key: string, draft: Dated): boolean {
  const text = JSON.stringify(draft)
  try {
    if (text.length > LONGEST) throw new RangeError('too long a draft')
    sessionStorage.setItem(key, text)
    const others = read<Dated>(localStorage, key)
    if (others && others.at > draft.at) return true
    leaveRoom(key)
    localStorage.setItem(key, text)
    return true
  } catch {
    dropDraft(key)
    return false
  }
}

export function dropDraft(key: string): void {
  sessionStorage.removeItem(key)
  localStorage.removeItem(key)
}

/** Nothing is left to keep here; the draft of another tab stays. */
export function dropOwnDraft(key: string): void {
  if (sessionStorage.getItem(key) !== null) dropDraft(key)
}

function read<T>(storage: Storage, key: string): T | null {
  try {
    return JSON.parse(storage.getItem(key) ?? 'null') as T | null
  } catch {
    return null
  }
}

/** Of drafts that were left behind, such as those of scenes that are gone, the oldest ones go. */
function leaveRoom(key: string): void {
  const others = Object.keys(localStorage).filter((one) => one.startsWith(PREFIX) && one !== key)
  if (others.length < MOST) return
  const dated = others.map((one) => ({ one, at: read<Dated>(localStorage, one)?.at ?? '' }))
  for (const { one } of dated.toSorted((a, b) => (a.at < b.at ? -1 : 1)).slice(0, others.length - MOST + 1)) localStorage.removeItem(one)
}
