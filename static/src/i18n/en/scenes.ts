import type { zh } from '../zh'

export const scenes: (typeof zh)['scenes'] = {}
