import { describe, expect, it } from 'vitest'
import { anchorOf, blocks, plain, sections } from './markdown'

const PAGE = `# A page

Words with \`code\`, **weight**, *stress*, 2 * 3 * 4 and [a link](api.md#the-report).
On two lines.

| a | b |
|---|---|
| \`x\\|y\` | 2 |

- one
- two,
  longer

\`\`\`sh
perfsvc run x
\`\`\`
## 试运行业务流
more`

describe('the guide', () => {
  it('is read as blocks', () => {
    const found = blocks(PAGE)
    expect(found.map((block) => block.kind)).toEqual(['heading', 'text', 'table', 'list', 'code', 'heading', 'text'])
    expect(found[1]).toMatchObject({ text: [{ kind: 'plain' }, { text: 'code', kind: 'code' }, {}, { text: 'weight', kind: 'strong' }, {}, { text: 'stress', kind: 'em' }, { text: ', 2 * 3 * 4 and ', kind: 'plain' }, { text: 'a link', to: 'api.md#the-report' }, { text: '. On two lines.' }] })
    expect(found[2]).toMatchObject({ rows: [[[{ text: 'x|y', kind: 'code' }], [{ text: '2' }]]] })
    expect(found[3]).toMatchObject({ items: [[{ text: 'one' }], [{ text: 'two, longer' }]] })
    expect(plain([{ text: 'a', kind: 'code' }, { text: 'b', kind: 'plain' }])).toBe('ab')
  })

  it('has an anchor for every heading, and words below it', () => {
    expect(anchorOf('From nothing, to `a` report')).toBe('from-nothing-to-a-report')
    expect(sections(PAGE).map((section) => section.id)).toEqual(['a-page', '试运行业务流'])
    expect(sections(PAGE)[0]!.text).toContain('perfsvc run x')
  })
})
