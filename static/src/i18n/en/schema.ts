import type { zh } from '../zh'

export const schema: (typeof zh)['schema'] = {}
