// Texts: charts.
export const charts = {
  paused: '暂停',
  chartOf: '{title}的曲线',
  cursor: '游标',
  cursorKeys: '左右方向键移动游标，Page Up 和 Page Down 跳 30 秒，Home 和 End 到两端',
  now: '现在',
  atRest: '指向曲线可查看每一秒',
  unfitHere: '这一秒压测机失准：速率读作“至少”',
  lostHere: '这一秒有节点失联：速率读作“至少”',
  windowStart: '窗口起点',
  windowEnd: '窗口终点',
  windowMove: '移动窗口',
  spark: '{title}的变化',
  table: '数据表',
  tableHide: '收起数据表',
  tableNote: '每 {seconds} 秒一行',
  time: '时间',
}
