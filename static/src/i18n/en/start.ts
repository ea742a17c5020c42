import type { zh } from '../zh'

export const start: (typeof zh)['start'] = {}
