import type { zh } from '../zh'

export const plans: (typeof zh)['plans'] = {}
