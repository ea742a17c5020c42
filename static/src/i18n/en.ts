// Texts in English of the pages that come first. A text that is missing here does not compile.
import type { zh } from './zh'
import { assets } from './en/assets'
import { charts } from './en/charts'
import { files } from './en/files'
import { pages } from './en/pages'
import { parts } from './en/parts'
import { runs } from './en/runs'
import { schema } from './en/schema'
import { session } from './en/session'
import { shell } from './en/shell'
import { start } from './en/start'

export const en: typeof zh = { assets, charts, files, pages, parts, runs, schema, session, shell, start }
