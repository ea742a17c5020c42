import type { zh } from '../zh'

export const run: (typeof zh)['run'] = {}
