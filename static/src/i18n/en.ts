// All texts in English. A text that is missing here does not compile.
import type { zh } from './zh'
import { assets } from './en/assets'
import { charts } from './en/charts'
import { compare } from './en/compare'
import { files } from './en/files'
import { guide } from './en/guide'
import { pages } from './en/pages'
import { parts } from './en/parts'
import { plans } from './en/plans'
import { run } from './en/run'
import { runs } from './en/runs'
import { scenes } from './en/scenes'
import { schema } from './en/schema'
import { session } from './en/session'
import { shell } from './en/shell'
import { start } from './en/start'

export const en: typeof zh = { assets, charts, compare, files, guide, pages, parts, plans, run, runs, scenes, schema, session, shell, start }
