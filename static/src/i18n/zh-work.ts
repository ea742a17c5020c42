// Texts in Chinese of the pages on plans, scenes and runs: loaded after the sign-in.
import { compare } from './zh/compare'
import { guide } from './zh/guide'
import { plans } from './zh/plans'
import { run } from './zh/run'
import { scenes } from './zh/scenes'

export const zhWork = { compare, guide, plans, run, scenes }
