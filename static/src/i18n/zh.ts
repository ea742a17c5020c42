// Texts in Chinese of the pages that come first, one file for each area; `zh-work.ts` has the rest. These are the types
// that the English ones must match.
import { assets } from './zh/assets'
import { charts } from './zh/charts'
import { files } from './zh/files'
import { pages } from './zh/pages'
import { parts } from './zh/parts'
import { runs } from './zh/runs'
import { schema } from './zh/schema'
import { session } from './zh/session'
import { shell } from './zh/shell'
import { start } from './zh/start'

export const zh = { assets, charts, files, pages, parts, runs, schema, session, shell, start }
