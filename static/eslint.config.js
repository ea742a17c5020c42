import vueI18n from '@intlify/eslint-plugin-vue-i18n'
import vue from 'eslint-plugin-vue'
import accessibility from 'eslint-plugin-vuejs-accessibility'
import ts from 'typescript-eslint'
import vueParser from 'vue-eslint-parser'
import named from './scripts/named.mjs'

const layer = (folders, banned) => ({
  files: folders.map((folder) => `src/${folder}/**/*.{ts,vue}`),
  rules: {
    'no-restricted-imports': ['error', { patterns: [{ group: banned, message: 'see static/README.md, “Layers”' }] }],
  },
})

// What is plain TypeScript is checked by oxlint and vue-tsc; here are the rules that know Vue.
export default [
  { ignores: ['dist', 'src/api/schema.d.ts'] },
  ...vue.configs['flat/recommended'],
  ...accessibility.configs['flat/recommended'],
  {
    files: ['**/*.{ts,vue}'],
    languageOptions: {
      parser: vueParser,
      parserOptions: { parser: ts.parser, sourceType: 'module', ecmaVersion: 'latest', extraFileExtensions: ['.vue'] },
    },
    plugins: { '@intlify/vue-i18n': vueI18n },
    rules: {
      // Layout of templates is a formatter's affair.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/attributes-order': 'off',
      'vue/require-default-prop': 'off',
      'vue/multi-word-component-names': 'off',
      // Inline styles of templates are blocked by the policy that the service sends.
      'vue/no-static-inline-styles': ['error', { allowBinding: true }],
      'vue/no-v-html': 'error',
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/define-props-declaration': ['error', 'type-based'],
      'vue/no-unused-emit-declarations': 'error',
      // A control inside its label or named by `for` is labelled.
      'vuejs-accessibility/label-has-for': ['error', { required: { some: ['nesting', 'id'] } }],
      'vuejs-accessibility/form-control-has-label': 'off',
      'vuejs-accessibility/no-autofocus': 'off',
    },
  },
  {
    files: ['**/*.vue'],
    plugins: { own: { rules: { named } } },
    rules: {
      'own/named': 'error',
      '@intlify/vue-i18n/no-raw-text': [
        'error',
        {
          ignorePattern: '^[-–—·/#:×=≥≤%()*+÷←↑↓↵→…|.,0-9\\s]+$',
          ignoreText: ['/s', '?', 'Alt ↑↓', 'CPU', 'Ctrl C/V', 'Ctrl K', 'Ctrl S', 'Ctrl Z', 'Ctrl ↵', 'Ctrl ⇧ ↵', 'Enter', 'Esc', 'F', 'JSON', 'L', 'N', 'YAML', 'ms', 'p50', 'p90', 'p95', 'p99', 'perfsvc', 's', '±'],
        },
      ],
    },
  },
  layer(['parts', 'charts', 'schema'], ['@/pages/*', '@/shell/*']),
  layer(['run', 'scene', 'load'], ['vue', 'vue-*', '@vueuse/*', '@tanstack/*', '@/pages/*', '@/parts/*', '@/shell/*']),
]
