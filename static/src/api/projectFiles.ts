// A project as one YAML file: written for the whole, a plan or a scene; read into any project.
import { useQueryClient } from '@tanstack/vue-query'
import { t } from '@/i18n'
import { api, ask, send, type Schemas } from './client'
import { Problem, problemOf } from './problem'

export type Imported = Schemas['ImportedResponse']
export interface Part {
  plan_id?: number
  scene_id?: number
  /** `1`: with the content of small data files; editors only. */
  with_files?: '1'
}

export async function exportText(project: number, part: Part = {}): Promise<string> {
  const words = new URLSearchParams(Object.entries(part).map(([key, id]) => [key, String(id)]))
  let reply: Response
  try {
    reply = await send(new Request(`${location.origin}/api/projects/${project}/file/?${words}`))
  } catch {
    throw new Problem(t('parts.unreachable'), 0)
  }
  if (!reply.ok) throw problemOf(reply, await reply.json().catch(() => null))
  return reply.text()
}

/** Give a text to the browser as a file. */
export function download(text: string, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }))
  link.download = `${name.replace(/[\\/:*?"<>|\s]+/g, '-') || 'perfsvc'}.yaml`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}

export function useImport() {
  const cache = useQueryClient()
  async function take(project: number, text: string, dryRun: boolean, source: number | null = null): Promise<Imported[]> {
    const { results } = await ask(
      api.POST('/api/projects/{project_id}/file/', { params: { path: { project_id: project } }, body: { text, dry_run: dryRun, source_project_id: source } }),
    )
    if (!dryRun) await Promise.all(['envs', 'scenes', 'scene', 'plans', 'plan', 'presets', 'datafiles', 'datafile'].map((key) => cache.invalidateQueries({ queryKey: [key] })))
    return results
  }
  return { take }
}
