// The data of the first page, read into the cache before it is drawn: it is drawn once, whole, rather than piece by piece.
import type { Place } from './place'
import { executionQuery, reportQuery } from './api/execution'
import { projectQuery, projectsQuery } from './api/projects'
import { queries } from './api/queries'
import { RUNNING, runningIn, runsIn, runsQuery } from './api/runs'

/** A service that takes longer shows the page's own states of loading. */
const PATIENCE_MS = 400

/** A run, and of one that has ended its report, which holds the answer: figures and heat map follow with the charts. */
async function readRun(id: string): Promise<void> {
  await queries.prefetchQuery(executionQuery(id))
  const report = queries.getQueryData<{ report_id?: number | null }>(['execution', id])?.report_id
  if (report) await queries.prefetchQuery(reportQuery(report))
}

/** Resolve when what the page of this place shows first is there, or after a moment. */
export async function firstData({ name, values }: Place): Promise<void> {
  const project = Number(values.project)
  const reads: Promise<unknown>[] = [queries.prefetchQuery(projectsQuery), queries.prefetchQuery(runsQuery(RUNNING))]
  if (project) reads.push(queries.prefetchQuery(projectQuery(project)))
  if (name === 'runs' && !location.search) reads.push(...[runsIn(project), runningIn(project)].map((filter) => queries.prefetchQuery(runsQuery(filter))))
  if (name === 'run') reads.push(readRun(values.execution!))
  await Promise.race([Promise.all(reads), new Promise((done) => setTimeout(done, PATIENCE_MS))])
}
