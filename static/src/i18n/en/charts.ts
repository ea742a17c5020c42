import type { zh } from '../zh'

export const charts: (typeof zh)['charts'] = {
  paused: 'paused',
  chartOf: 'Chart: {title}',
  cursor: 'Cursor',
  cursorKeys: 'Arrow keys move the cursor, Page Up and Page Down jump 30 seconds, Home and End go to the ends',
  now: 'now',
  atRest: 'point at a chart to read each second',
  unfitHere: 'the generator was unfit in this second: read rates as “at least”',
  lostHere: 'a node was lost in this second: read rates as “at least”',
  windowStart: 'Start of the window',
  windowEnd: 'End of the window',
  windowMove: 'Move the window',
  spark: '{title} over time',
  table: 'Table',
  tableHide: 'Hide table',
  tableNote: 'one row every {seconds} s',
  time: 'Time',
}
