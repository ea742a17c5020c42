/** Colours of error classes: the same class has the same one while a run goes on and in its report. */

const KINDS: [RegExp, number][] = [[/^HTTP /, 0], [/^Timeout/, 1], [/^Check: /, 2], [/./, 3]]
const TOKENS = ['--e1', '--e2', '--e3', '--e4'] as const
/** So many classes have a colour of their own. */
export const COLOURED = TOKENS.length

/** Each kind has its colour; a second class of a kind takes the next that is free. */
export function errorTokens(classes: readonly string[]): Map<string, string> {
  const found = new Map<string, string>()
  const free = new Set<string>(TOKENS)
  for (const name of classes.slice(0, COLOURED).toSorted()) {
    const wanted = TOKENS[KINDS.find(([kind]) => kind.test(name))![1]]!
    const token = free.has(wanted) ? wanted : [...free][0]!
    free.delete(token)
    found.set(name, token)
  }
  return found
}
