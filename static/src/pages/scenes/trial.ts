// Trying the scene as it stands, saved or not.
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { asProblem } from '@/api/problem'
import { type Trial, type TrialStep, tryScene } from '@/api/trials'
import { clean } from '@/load/changes'
import type { ProblemBook } from '@/parts/problemBook'
import type { Scene } from '@/scene/types'
import { upTo } from '@/scene/upTo'

interface Place {
  project: () => number
  /** Resolves once the environments are known. */
  env: () => Promise<number | null>
  /** The data file and the number of its row, if any. */
  data: () => { datafile_id: number; row_number: number } | null
}

export function useTrial({ project, env, data }: Place) {
  const trial = shallowRef<Trial | null>(null)
  const trying = ref(false)
  const stopped = ref(false)
  const problem = ref('')
  /** What of the scene was refused, by path, while it is still the same scene. */
  const refused = shallowRef<{ scene: Scene; book: ProblemBook } | null>(null)
  let asked: AbortController | null = null

  /** Try the scene, or what of it comes before the end of one step. */
  async function run(scene: Scene, last = ''): Promise<void> {
    asked?.abort()
    const mine = (asked = new AbortController())
    trying.value = true
    stopped.value = false
    problem.value = ''
    refused.value = null
    try {
      const id = await env()
      const body = { project_id: project(), scene: clean(last ? upTo(scene, last) : scene) as Scene, ...(id === null ? {} : { env_id: id }), ...data() }
      trial.value = await tryScene(body, mine.signal)
    } catch (error) {
      if (mine.signal.aborted) return
      const told = asProblem(error)
      const book = Object.fromEntries(told.details.map(({ path, message }) => [path.replace(/^scene\./, ''), message]))
      refused.value = { scene, book }
      trial.value = null
      problem.value = told.details[0]?.message ?? told.message
    } finally {
      if (asked === mine) trying.value = false
    }
  }
  /** Give a trial up: the service ends it as well. */
  function stop(): void {
    if (!trying.value) return
    asked?.abort()
    trying.value = false
    stopped.value = true
    trial.value = null
  }
  onScopeDispose(() => asked?.abort())
  /** Every time that each step was taken: more than once in a loop. */
  const takes = computed(() => {
    const found = new Map<string, TrialStep[]>()
    for (const step of trial.value?.steps ?? []) found.set(step.path, [...(found.get(step.path) ?? []), step])
    return found
  })
  /** Of each step, the time that failed first, or the last one. */
  const byPath = computed(() => new Map([...takes.value].map(([path, all]) => [path, all[shownFirst(all)]!])))
  return { trial, trying, stopped, problem, refused, takes, byPath, run, stop }
}

/** Which time is shown of a step that was taken several times: the first that failed, or the last. */
export function shownFirst(takes: readonly TrialStep[]): number {
  const failed = takes.findIndex((step) => step.outcome === 'failed')
  return failed < 0 ? takes.length - 1 : failed
}
