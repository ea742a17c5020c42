// Texts in English of the pages on plans, scenes and runs.
import type { zhWork } from './zh-work'
import { compare } from './en/compare'
import { guide } from './en/guide'
import { plans } from './en/plans'
import { run } from './en/run'
import { scenes } from './en/scenes'

export const enWork: typeof zhWork = { compare, guide, plans, run, scenes }
