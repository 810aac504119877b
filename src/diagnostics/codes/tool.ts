import type { CodePage } from './page.ts'

/** What a tool can be told about itself, and how its calls fail. */
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
  'tool/invalid-input': {
    severity: 'error',
    since: '1.0',
    what: 'The input of a call does not fit what the tool takes, or no request can be made of it.',
    why: 'Input is checked before anything is called, so that a mistake changes nothing elsewhere. A value cannot add a header or lead to another path.',
    cure: ['Correct what the node gives:  with = { … }', 'Or declare in the input of the tool what it really takes.'],
  },
  'tool/invalid-output': {
    severity: 'error',
    since: '1.0',
    what: 'What the other side answered does not fit the output that the tool declares, or is no JSON and no text.',
    why: 'Nodes that read the result rely on the declared type. The call itself was made.',
    cure: [
      'Take from the answer what fits:  result = { id = response.body.id }',
      'Or declare in the output what the other side really gives.',
    ],
  },
  'tool/http-error': {
    severity: 'error',
    since: '1.0',
    what: 'The service answered with a status that says that the call failed, or with what fail_when names.',
    why: 'An error page is no result. 408, 425, 429, 500, 502, 503 and 504 are tried again where the tool may run twice.',
    cure: [
      'With 401 or 403: put a valid credential into the secret of the header.',
      'Where a status is an answer of its own:  fail_when = response.status >= 500',
    ],
  },
  'tool/redirected': {
    severity: 'error',
    since: '1.0',
    what: 'The service leads to another address, and the tool does not follow.',
    why: 'Redirects are followed only where the tool allows them, never away from https, and the headers of the tool stay with the first host.',
    cure: ['Write the address that it leads to.', 'Or allow it:  max_redirects = 1'],
  },
  'tool/private-address': {
    severity: 'error',
    since: '1.0',
    what: 'The address of a tool, or one that it was led to, is on this machine or in a private network.',
    why: 'Whoever fills in the input could reach what only this machine can. It is checked after the name is looked up, at every redirect.',
    cure: ['For a service of your own network:  allow_private = true', 'Otherwise correct the address.'],
  },
  'tool/unreachable': {
    severity: 'error',
    since: '1.0',
    what: 'The service or server of a tool cannot be reached, or broke off before it answered.',
    why: 'There is no result. What may run twice is tried again; a call that may run only once, and may have arrived, is unknown instead.',
    cure: ['See whether it runs, and whether this machine reaches it.', 'Wait longer, durably, in the node:  retry { max_attempts = 5 }'],
    see: ['run/unknown-effect'],
  },
  'tool/timeout': {
    severity: 'error',
    since: '1.0',
    what: 'A tool gave no answer within its timeout.',
    why: 'A call without an end would keep the run from ending. A call that may run only once, and had begun, is unknown instead.',
    cure: ['Raise the timeout of the tool:  timeout = "60s"'],
    see: ['node/timeout', 'run/unknown-effect'],
  },
  'tool/result-too-large': {
    severity: 'error',
    since: '1.0',
    what: 'The other side answered with more than max_result_bytes.',
    why: 'The answer is cut off while it arrives, so that one call cannot fill the memory that all runs share.',
    cure: ['Ask for less: a page, or fewer fields.', 'Or raise the limit:  max_result_bytes = "1MB"'],
  },
  'tool/unknown-tool': {
    severity: 'error',
    since: '1.0',
    what: 'The MCP server of a tool has no tool of that name.',
    why: 'The names were locked when flowrun init asked the server. A plan asks nobody.',
    cure: ['Correct the name.', 'Where the server has it since:  flowrun init -upgrade'],
    see: ['tool/input-mismatch'],
  },
  'tool/input-mismatch': {
    severity: 'error',
    since: '1.0',
    what: 'The input that a tool declares is not what its MCP server takes, as the lock has it.',
    why: 'The server would refuse every call, and that would be known only when a flow runs.',
    cure: [
      'Correct the input, or leave it out: then the tool takes what the server takes.',
      'Where the server has changed since:  flowrun init -upgrade',
    ],
    see: ['tool/schema-changed'],
  },
  'tool/schema-changed': {
    severity: 'error',
    since: '1.0',
    what: 'The MCP server has no such tool any more, does not take what the block of the tool declares, or says another schema than the one that is locked.',
    why: 'Servers change without a release of yours. A call that no longer means the same is not made.',
    cure: [
      'Correct the input or the name of the tool in its block, and apply.',
      'Take what the server says now into the lock:  flowrun init -upgrade',
    ],
  },
  'tool/mcp-error': {
    severity: 'error',
    since: '1.0',
    what: 'The MCP server refused the call, or said that its tool failed.',
    why: 'The message is what the server says, without secrets.',
    cure: ['Correct what the message names, in the input or at the server.'],
  },
  'tool/command-failed': {
    severity: 'error',
    since: '1.0',
    what: 'The command of a tool cannot be started, or ended with an exit code other than 0.',
    why: 'Only exit code 0 says that stdout is a result. The message has the last line that it wrote to stderr.',
    cure: [
      'Run it by hand, with the input as JSON on stdin.',
      'It sees PATH, HOME and few other variables; give it more with env = { NAME = "value" }.',
    ],
  },
  'tool/command-refused': {
    severity: 'error',
    since: '1.0',
    what: 'A tool would start a process where none may be started.',
    why: 'On a server, a configuration must not run programs of its own.',
    cure: ['Reach the program over HTTP, or an MCP server by its url.'],
  },
} as const satisfies Record<`tool/${string}`, CodePage>
