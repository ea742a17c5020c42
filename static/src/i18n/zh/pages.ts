// Texts: projects, overview, nodes, plugins, users, and what no other area has.
export const pages = {
  comingSoon: '本页正在制作中',
  missingWhy: '地址可能写错了，或者这个页面已经搬走。',
  toHome: '回到首页',
}
