// What is wrong with a plan: what keeps it from being saved, and what only from being run.
import { sentence } from '@/api/problem'
import type { ProblemBook } from '@/parts/problemBook'

/** Where the service says what would prevent a start, and is not a fault of one field. */
const WHOLE = 'config'

interface Found {
  /** What the service would refuse, and whether on saving too. */
  said: readonly { path: string; message: string }[]
  savable: boolean
  /** What it refused when the plan was saved. */
  refused: ProblemBook
  /** What the fields tell at once. */
  local: ProblemBook
  /** What is wrong with texts that cannot be read. */
  unreadable: ProblemBook
  untouched: boolean
}

interface Books {
  problems: ProblemBook
  unsavable: ProblemBook
  /** What keeps a plan that can be saved from being started now: too few agents, or names that nothing gives a value. */
  notNow: ProblemBook
}

export function problemBooks({ said, savable, refused, local, unreadable, untouched }: Found): Books {
  const whole = bookOf(said.filter(({ path }) => path === WHOLE))
  if (untouched) return { problems: { ...refused, ...unreadable }, unsavable: { ...refused, ...unreadable }, notNow: whole }
  const served = bookOf(said.filter(({ path }) => path !== WHOLE))
  // What is to be requested is asked for once.
  if (local.scenes) delete served['config.target_url']
  const problems = { ...served, ...refused, ...local, ...unreadable }
  const unsavable = savable ? { ...refused, ...local, ...unreadable } : problems
  return { problems, unsavable, notNow: Object.keys(unsavable).length ? {} : { ...whole, ...served } }
}

function bookOf(said: Found['said']): Record<string, string> {
  return Object.fromEntries(said.map(({ path, message }) => [path, sentence(message)]))
}
