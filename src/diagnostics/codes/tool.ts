import type { CodePage } from './page.ts'

/** What a tool can be told about itself. */
export const toolCodes = {
  'tool/dynamic-host': {
    severity: 'error',
    since: '1.0',
    what: 'The host of a tool depends on its input.',
    example:
      'tool "fetch" {\n  input {\n    field "host" { type = string }\n  }\n  http {\n    url = «"https://${input.host}/status"»\n  }\n}\n',
    why: 'Whoever writes the input, a model or a stranger, could send requests and credentials wherever he likes.',
    cure: [
      'Write scheme, host and port out, and insert into the path or the query:  url = "https://api.example.com/${input.id}"',
      'A host that is known when you plan is a variable: ${var.host}',
    ],
  },
} as const satisfies Record<`tool/${string}`, CodePage>
