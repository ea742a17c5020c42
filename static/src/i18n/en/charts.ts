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
  table: 'Table',
  tableHide: 'Hide table',
  tableNote: 'one row every {seconds} s',
  time: 'Time',
  pointKeys: 'Left and right go from point to point, Page Up and Page Down by ten, Home and End to either end',
  noPoint: 'no point chosen',
  sparkOf: '{title}: {last} last, {low} at least, {high} at most',
  sparkNone: '{title}: nothing measured',
  heatAt: '{n} requests, most of them at {from}–{to} ms',
}
