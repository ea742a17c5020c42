// What may stand between {{ and }} beside variables.

export interface VocabularyWord {
  name: string
  insert: string
  example: string
  zh: string
  en: string
}

interface Vocabulary {
  variables: VocabularyWord[]
  functions: VocabularyWord[]
  faker: VocabularyWord[]
}

const word = (name: string, example: string, zh: string, en: string): VocabularyWord => ({ name, insert: `{{${name}}}`, example, zh, en })
const BUILT_IN: Vocabulary = {
  variables: [
    word('$vu', '1', '虚拟用户编号', 'number of the virtual user'),
    word('$iteration', '0', '第几次迭代', 'number of the iteration'),
    word('$timestamp', '1795293752', 'Unix 时间（秒）', 'Unix time, s'),
    word('$timestamp_ms', '1795293752123', 'Unix 时间（毫秒）', 'Unix time, ms'),
  ],
  functions: [
    word('$uuid', '7f1c9a52-0b6e-4e0e-9d1c-2f6a', '随机 UUID', 'a random UUID'),
    word('$randomInt(1,100)', '42', '随机整数', 'a random integer'),
  ],
  faker: [
    word('$faker.name', 'Ann Lee', '姓名', 'a name'),
    word('$faker.email', 'ann@example.org', '邮箱', 'an e-mail address'),
    word('$faker.phone_number', '555-0134', '电话', 'a phone number'),
    word('$faker.city', 'Springfield', '城市', 'a city'),
  ],
}

/** Every word, in the order in which it is offered. */
export const VOCABULARY: readonly VocabularyWord[] = [...BUILT_IN.variables, ...BUILT_IN.functions, ...BUILT_IN.faker]
