import type { zh } from '../zh'

export const pages: (typeof zh)['pages'] = {
  comingSoon: 'This page is being made',
  missingWhy: 'The address may be mistyped, or the page has moved.',
  toHome: 'Go home',
}
