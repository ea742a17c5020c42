import type { zh } from '../zh'

export const charts: (typeof zh)['charts'] = {}
