// Texts: projects, overview, nodes, plugins, users, and what no other area has.
export const pages = {
  comingSoon: '本页正在制作中',
}
