import type { zh } from '../zh'

export const shell: (typeof zh)['shell'] = {
  title: {
    login: 'Sign in',
    register: 'Register',
    me: 'My settings',
    start: 'Start',
    projects: 'Projects',
    overview: 'Overview',
    scenes: 'Scenes',
    plans: 'Plans',
    plan: 'Plan',
    runs: 'Runs',
    run: 'Run',
    nodes: 'Nodes',
    plugins: 'Plugins',
    users: 'Users',
    scene: 'Scene',
    envs: 'Environments',
    data: 'Data',
    presets: 'Presets',
    members: 'Members',
    missing: 'Page not found',
  },
}
