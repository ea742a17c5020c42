import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

// The service that the dev server passes requests on to: `make ui` sets it.
const service = process.env.PERFSVC_URL ?? 'http://127.0.0.1:8000'
const passedOn = ['/api', '/docs', '/healthz', '/metrics', '/demo']

export default defineConfig({
  plugins: [vue()],
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
      output: {
        // What every page needs in one file; charts and editors only for the pages that have them.
        codeSplitting: {
          groups: [
            { name: 'editor', test: /node_modules[\\/](@codemirror|@lezer|crelt|style-mod|w3c-keyname|@marijn)/, priority: 2 },
            { name: 'charts', test: /node_modules[\\/]uplot/, priority: 2 },
            // Icons are a few hundred bytes each; those of the sign-in stay apart, or it would load all of them.
            { name: 'icons', test: /@lucide[\\/]vue[\\/]dist[\\/]esm[\\/]icons[\\/](?!(eye|eye-off|sun|moon|monitor|check|circle-alert)\.)/, priority: 2 },
            // Small parts that most pages behind the sign-in share, in one file rather than in thirty.
            { name: 'shared', test: /[\\/]src[\\/](parts|api|shell|charts|run|load)[\\/](?!.*(client|session|problem|queries|raw|users|platform|FormField|FieldProblem|ProblemText|PasswordField|projects|PopOver|MenuList|LanguageSwitch|ThemeMenu|keys)\.)/, minShareCount: 6, priority: 1, includeDependenciesRecursively: false },
            { name: 'vendor', test: /node_modules[\\/](vue|@vue|vue-router|vue-i18n|@intlify|@tanstack|@vueuse|openapi-fetch)[\\/]|@lucide[\\/]vue[\\/]dist[\\/]esm[\\/](?!icons)/, priority: 3 },
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
