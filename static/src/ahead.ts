// What the page of the address needs, asked for before the app is there: its code, its texts and its data come side by
// side, rather than each after the one before.
import { readAhead } from './api/ahead'
import { storedSession } from './api/storedSession'
import { chosenLanguage, loaders, workLoaders } from './i18n/choice'
import { firstPlace, type Loader, type Place } from './place'

/** What each page reads first. The paths are those of its own requests, letter by letter: a test compares them. */
const READS: Record<string, (values: Place['values']) => string[]> = {
  overview: ({ project }) => [`/api/performance/executions/?project_id=${project}&page_size=100&spark=1`, `/api/performance/plans/?project_id=${project}&page_size=100`],
  scenes: ({ project }) => [`/api/scenes/?project_id=${project}&page=1&page_size=100`],
  plans: ({ project }) => [`/api/performance/plans/?project_id=${project}&page=1&page_size=100`, `/api/scenes/?project_id=${project}&page=1&page_size=100`],
  runs: ({ project }) => [
    `/api/performance/executions/?project_id=${project}&page=1&page_size=20&spark=1`,
    `/api/performance/executions/?project_id=${project}&status=active&page_size=10`,
    `/api/performance/plans/?project_id=${project}&page=1&page_size=100`,
  ],
}

/** Begin to load what the page needs; what fails is asked for again in its turn. */
export function loadAhead(): void {
  const session = storedSession()
  const language = chosenLanguage()
  const load = (loader: Loader) => void loader().catch(() => null)
  const place = firstPlace()
  load(loaders[language])
  if (!session) {
    load(place?.open ? place.page : () => import('./pages/session/LoginPage.vue'))
    return
  }
  if (place) load(place.page)
  if (place?.open) return
  load(() => import('./shell/AppShell.vue'))
  load(() => import('./firstData'))
  load(workLoaders[language])
  readPage(place, (path) => readAhead(path, session.token, language))
}

function readPage(place: Place | null, read: (path: string) => Promise<Response | null>): void {
  const { project, execution } = place?.values ?? {}
  void read('/api/projects/?page_size=100')
  if (project) void read(`/api/projects/${project}/`)
  if (execution) void readRun(execution, read)
  if (!location.search) for (const path of READS[place?.name ?? '']?.(place!.values) ?? []) void read(path)
  void read('/api/performance/executions/?status=active&page_size=50')
}

/** A run, and of one that has ended its report; then the figures of the whole of it, which would delay the report. */
async function readRun(id: string, read: (path: string) => Promise<Response | null>): Promise<void> {
  const base = `/api/performance/executions/${id}/`
  const reply = await read(base)
  if (!reply?.ok) return
  const { report_id: report } = (await reply.clone().json()) as { report_id: number | null }
  void read(`${base}pins/?page=1&page_size=100`)
  if (report === null || location.search) return
  await read(`/api/performance/reports/${report}/`)
  for (const path of [`${base}figures/`, `${base}series/?from=0&points=3600`, `${base}heatmap/?from=0&columns=300&rows=60`]) void read(path)
}
