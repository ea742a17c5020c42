/** A scene as the API has it. What a request holds is up to its protocol. */
export interface Extractor {
  /** The variable; null or absent where `names` has several. */
  name?: string | null
  names?: string[]
  /** A kind that the service knows: `json`, `regex`, `boundary`, `header`, … */
  from: string
  path?: string | null
  pattern?: string | null
  group?: number
  header?: string | null
  left?: string
  right?: string
  default?: unknown
}

export interface Check {
  type: string
  [key: string]: unknown
}

export type ThinkTime =
  | { type: 'constant'; value: number }
  | { type: 'uniform'; min: number; max: number }
  | { type: 'normal'; mean: number; deviation: number }

export interface Condition {
  variable: string
  is?: string
  value?: unknown
}

export interface Option {
  weight: number
  steps: Step[]
}

export const KINDS = ['request', 'group', 'loop', 'while', 'if', 'choice', 'think', 'break', 'stop', 'rendezvous'] as const
export type Kind = (typeof KINDS)[number]

export interface Step {
  type?: Kind
  name?: string
  protocol?: string | null
  request?: Record<string, unknown>
  extract?: Extractor[]
  checks?: Check[]
  think_time?: ThinkTime | null
  timeout?: number | null
  enabled?: boolean
  times?: number
  max_times?: number
  condition?: Condition | null
  /** What a `stop` ends: the iteration, the user or the run. */
  what?: string
  /** For how many users a `rendezvous` waits. */
  users?: number
  on_failure?: string
  steps?: Step[]
  otherwise?: Step[]
  options?: Option[]
}

/** The lists of a scene, in the order in which they run. */
export const PARTS = ['setup', 'on_start', 'steps', 'teardown'] as const
export type Part = (typeof PARTS)[number]

export type Scene = { name: string } & Partial<Record<Part, Step[]>>

export function kindOf(step: Step): Kind {
  return step.type ?? 'request'
}

export function nameOf(step: Step): string {
  return step.name ?? kindOf(step)
}

/** The variables that an extractor sets. */
export function namesOf({ name, names }: Extractor): string[] {
  return (names?.length ? names : [name ?? '']).filter(Boolean)
}
