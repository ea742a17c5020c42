// Texts: rail, top bar, command palette, keys.
export const shell = {
  title: {
    login: '登录',
    register: '注册',
    me: '个人设置',
    start: '开始',
    projects: '项目',
    overview: '概览',
    scenes: '业务流',
    plans: '测试计划',
    plan: '测试计划',
    runs: '测试执行',
    run: '测试执行',
    nodes: '压测节点',
    plugins: '插件',
    users: '用户',
    missing: '找不到页面',
  },
}
