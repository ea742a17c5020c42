import type { zh } from '../zh'

export const pages: (typeof zh)['pages'] = {
  comingSoon: 'This page is being made',
}
