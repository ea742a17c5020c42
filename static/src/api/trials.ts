// Trying a scene: one user, once, before anything is saved.
import type { Scene } from '@/scene/types'
import { raw } from './raw'

interface TrialBody {
  project_id: number
  scene: Scene
  env_id?: number
  target_url?: string
  row?: Record<string, string>
  datafile_id?: number
  row_number?: number
  timeout?: number
}

interface TrialReply {
  status: number | string | null
  head: string
  body: string
  encoding: 'text' | 'base64'
  size: number
  truncated: boolean
}

/** What was found instead of what was wanted. */
interface Finding {
  zh: string
  en: string
}

export interface TrialStep {
  path: string
  name: string
  type: string
  protocol: string | null
  duration: number
  outcome: 'passed' | 'failed' | 'skipped'
  error: { class: string; message: string; message_zh: string } | null
  request: { text: string; truncated: boolean } | null
  /** Redirects that were followed, in order. */
  redirects: { request: { text: string; truncated: boolean }; status: number; head: string; location: string; duration: number }[]
  response: TrialReply | null
  phases: Record<string, number>
  signed: { function: string; text: string; truncated: boolean }[]
  extracted: { name: string; value: string | null; found: boolean; finding: Finding | null }[]
  before: Record<string, string>
  after: Record<string, string>
  checks: { index: number; type: string; text: string; passed: boolean; actual: unknown; finding: Finding | null }[]
  branch: string | null
}

export interface Trial {
  outcome: 'passed' | 'failed' | 'timeout'
  duration: number
  steps: TrialStep[]
  variables: Record<string, string>
  /** Why it ended early. */
  notes: string[]
}

export function tryScene(body: TrialBody, signal: AbortSignal): Promise<Trial> {
  return raw<Trial>('POST', '/api/scenes/try/', { body, signal }) as Promise<Trial>
}
