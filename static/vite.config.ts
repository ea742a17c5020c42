import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type HtmlTagDescriptor, type Plugin } from 'vite'

// The service that the dev server passes requests on to: `make ui` sets it.
const service = process.env.PERFSVC_URL ?? 'http://127.0.0.1:8000'
const passedOn = ['/api', '/docs', '/healthz', '/metrics', '/demo']

/** The entry is small and starts everything else; the page names the app beside it, so that both come at once. */
function appAhead(): Plugin {
  return {
    name: 'app-ahead',
    transformIndexHtml: {
      order: 'post',
      handler: (html, { bundle = {} }) => {
        const chunks = Object.values(bundle).filter((each) => each.type === 'chunk')
        const app = chunks.find((each) => each.name === 'app')
        if (!app) return []
        const link = (attrs: HtmlTagDescriptor['attrs']): HtmlTagDescriptor => ({ tag: 'link', attrs: { ...attrs, crossorigin: true }, injectTo: 'head' })
        const entry = new Set(chunks.filter((each) => each.isEntry).flatMap((each) => [each.fileName, ...each.imports]))
        const scripts = [app.fileName, ...app.imports].filter((file) => !entry.has(file))
        const tags = [
          ...scripts.map((file) => link({ rel: 'modulepreload', href: `/${file}` })),
          ...[...(app.viteMetadata?.importedCss ?? [])].map((file) => link({ rel: 'stylesheet', href: `/${file}` })),
        ]
        // It needs neither the rest of the page nor its styles to begin.
        return { html: html.replace('<script type="module"', '<script type="module" async'), tags }
      },
    },
  }
}

/** uPlot makes formatters as it is loaded, of which none is used here; the first use of `Intl` takes longer than a chart. */
function uplotWithoutIntl(): Plugin {
  const unused: [string, string][] = [
    ["new Intl.NumberFormat(domEnv ? nav.language : 'en-US')", '{ format: String }'],
    ['new Intl.DateTimeFormat().resolvedOptions().timeZone', "''"],
  ]
  return {
    name: 'uplot-without-intl',
    transform(code, id) {
      if (!/uPlot\.esm\.js/.test(id)) return null
      if (unused.some(([text]) => !code.includes(text))) this.error('uPlot has changed: look how it uses Intl')
      return { code: unused.reduce((left, [text, instead]) => left.replace(text, instead), code), map: null }
    },
  }
}

const EAGER = new Set(['index', 'start', 'vendor', 'app', 'shell', 'parts', 'charts', 'figures', 'RunPage', 'RunsPage'])

export default defineConfig({
  plugins: [vue(), appAhead(), uplotWithoutIntl()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: {
    // The service's policy allows no inline script and no data: script, so nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    chunkSizeWarningLimit: 450,
    reportCompressedSize: false,
    rolldownOptions: {
      // On a busy machine it would tell someone who only runs the service how long each plugin took.
      checks: { bundlerTimings: false },
      output: {
        // Most of what these hold runs at once: the browser compiles it beside the main thread rather than on it, function by function.
        postBanner: ({ name }) => (EAGER.has(name) ? '//# allFunctionsCalledOnLoad' : ''),
        // A file costs a round trip and work of the browser, however small it is: what is loaded together is one file.
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            { name: 'start', test: /[\\/]src[\\/](routes|ahead|place|api[\\/](ahead|storedSession)|i18n[\\/]choice)\.ts|vite[\\/]preload-helper|rolldown[\\/]runtime/, priority: 9 },
            { name: 'editor', test: /node_modules[\\/](@codemirror|@lezer|crelt|style-mod|w3c-keyname|@marijn)/, priority: 8 },
            { name: 'vendor', test: /node_modules[\\/](vue|@vue|vue-router|vue-i18n|@intlify|@tanstack|@vueuse|openapi-fetch)[\\/]|@lucide[\\/]vue[\\/]dist[\\/]esm[\\/](?!icons)/, priority: 8 },
            // The app, with all that the sign-in is made of.
            { name: 'app', test: /[\\/]src[\\/](app|App|router|i18n[\\/](index|engine)|style[\\/](theme|paper)|api[\\/](client|reachable|session|problem|queries|users|platform|projects)|shell[\\/](LanguageSwitch|ThemeMenu)|pages[\\/]session[\\/]SessionFrame|parts[\\/](FormField|ProblemText|PasswordField|PopOver|MenuList|keys|notices))\.|plugin-vue:export-helper|@lucide[\\/]vue[\\/]dist[\\/]esm[\\/]icons[\\/](eye|eye-off|sun|moon|monitor|check|circle-alert)\./, priority: 7 },
            { name: 'charts', test: /node_modules[\\/]uplot|[\\/]src[\\/](charts|run)[\\/]/, minShareCount: 2, priority: 6 },
            { name: 'figures', test: /[\\/]src[\\/](pages[\\/]run|parts[\\/]FigureValue)/, minShareCount: 2, priority: 6 },
            // The frame of the pages behind the sign-in, and the small parts that most of them share.
            { name: 'shell', test: /[\\/]src[\\/](shell|firstData|api[\\/](plans|execution)|parts[\\/](commands|initial))|@lucide[\\/]vue[\\/]dist[\\/]esm[\\/]icons[\\/]/, priority: 5 },
            { name: 'parts', test: /[\\/]src[\\/](parts|api|i18n|load)[\\/]/, minShareCount: 4, priority: 4 },
          ],
        },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      ...Object.fromEntries(passedOn.map((path) => [path, { target: service }])),
      '/ws': { target: service, ws: true },
    },
  },
})
