import type { zhWork } from '../zh-work'

export const guide: (typeof zhWork)['guide'] = {
  title: 'Guide',
  search: 'Search the guide',
  hits: '{n} place found | {n} places found',
  missing: 'The guide has no such page.',
  tryApi: 'Try the API in the browser',
  about: 'Guide: {about}',
  page: {
    userGuide: 'User guide',
    protocolsHttp: 'HTTP',
    protocolsWebsocket: 'WebSocket',
    protocolsGrpc: 'gRPC',
    protocolsTcp: 'TCP',
    protocolsUdp: 'UDP',
    dataSources: 'Test data',
    dataSourcesCsv: 'CSV files',
    dataSourcesDatabase: 'Databases',
    dataSourcesApi: 'API',
    dataSourcesGenerator: 'Generator',
    dataSourcesPool: 'Pool',
    distributed: 'Several machines',
    performanceScore: 'Performance score',
    operations: 'Operations',
    pluginGuide: 'Writing plugins',
    api: 'API',
  },
}
