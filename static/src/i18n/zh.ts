// All texts in Chinese, one file for each area. This is the type that the English ones must match.
import { assets } from './zh/assets'
import { charts } from './zh/charts'
import { compare } from './zh/compare'
import { files } from './zh/files'
import { guide } from './zh/guide'
import { pages } from './zh/pages'
import { parts } from './zh/parts'
import { plans } from './zh/plans'
import { run } from './zh/run'
import { runs } from './zh/runs'
import { scenes } from './zh/scenes'
import { schema } from './zh/schema'
import { session } from './zh/session'
import { shell } from './zh/shell'
import { start } from './zh/start'

export const zh = { assets, charts, compare, files, guide, pages, parts, plans, run, runs, scenes, schema, session, shell, start }
