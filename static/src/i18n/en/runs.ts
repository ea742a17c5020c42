import type { zh } from '../zh'

export const runs: (typeof zh)['runs'] = {}
