// The phases of a request in order, with their colours. What comes before `waiting` is not part of the response time.
export const PHASES = ['dns', 'connect', 'tls', 'waiting', 'receiving'] as const
export type PhaseName = (typeof PHASES)[number]
export const PHASE_TOKENS: Record<PhaseName, string> = { dns: '--s7', connect: '--s5', tls: '--s2', waiting: '--p90', receiving: '--p50' }
export const COUNTED: readonly PhaseName[] = ['waiting', 'receiving']
