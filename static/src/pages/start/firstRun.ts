// What the start page does: a project where there is none, then a plan that runs, or a scene to be written.
import { createPlan, startPlan, type PlanBody } from '@/api/planEditing'
import { createScene } from '@/api/sceneEditing'
import { baseAndPath } from '@/load/address'
import { raw } from '@/api/raw'
import { t } from '@/i18n'

async function projectFor(chosen: number | null): Promise<number> {
  if (chosen !== null) return chosen
  const project = await raw<{ id: number }>('POST', '/api/projects/', { body: { name: t('start.firstProject') } })
  return project!.id
}

/** Create a plan and start it; return where its run is shown. */
export async function startNow(project: number | null, body: PlanBody) {
  const home = await projectFor(project)
  const plan = await createPlan(home, body)
  const { execution_id } = await startPlan(plan.id)
  return { name: 'run', params: { project: home, execution: execution_id } }
}

/** Create a scene with its first step, and an environment to try it in; return where it is edited. */
export async function describeNow(project: number | null, address: string, host: string) {
  const home = await projectFor(project)
  const { base, path } = baseAndPath(address)
  await raw('POST', '/api/envs/', { body: { project_id: home, name: host, host: base } }).catch(() => null)
  const scene = await createScene(home, {
    name: t('start.sceneName', { host }),
    steps: [{ type: 'request', name: t('start.sceneStep'), request: { method: 'GET', url: path } }],
  })
  return { name: 'scene', params: { project: home, scene: scene.id } }
}
