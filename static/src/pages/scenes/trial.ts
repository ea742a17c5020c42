// Trying the scene as it stands, saved or not.
import { computed, ref, shallowRef } from 'vue'
import { asProblem } from '@/api/problem'
import { type Trial, tryScene } from '@/api/trials'
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
  const problem = ref('')
  /** What of the scene was refused, by path, while it is still the same scene. */
  const refused = shallowRef<{ scene: Scene; book: ProblemBook } | null>(null)
  let asked: AbortController | null = null

  /** Try the scene, or what of it comes before the end of one step. */
  async function run(scene: Scene, last = ''): Promise<void> {
    asked?.abort()
    asked = new AbortController()
    trying.value = true
    problem.value = ''
    refused.value = null
    try {
      const id = await env()
      const body = { project_id: project(), scene: clean(last ? upTo(scene, last) : scene) as Scene, ...(id === null ? {} : { env_id: id }), ...data() }
      trial.value = await tryScene(body, asked.signal)
    } catch (error) {
      if (error instanceof DOMException) return
      const told = asProblem(error)
      const book = Object.fromEntries(told.details.map(({ path, message }) => [path.replace(/^scene\./, ''), message]))
      refused.value = { scene, book }
      problem.value = told.details[0]?.message ?? told.message
    } finally {
      trying.value = false
    }
  }
  /** The last time that each step was taken. */
  const byPath = computed(() => new Map((trial.value?.steps ?? []).map((step) => [step.path, step])))
  return { trial, trying, problem, refused, byPath, run }
}
