import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startAnthropicServer } from './anthropic-server.ts'
import { startAzureServer } from './azure-server.ts'
import { startBedrockServer } from './bedrock-server.ts'
import { projectRoot } from './built-cli.ts'
import { startGoogleServer } from './google-server.ts'
import { startKmsServerWithKeys } from './kms-server.ts'
import { startMistralServer } from './mistral-server.ts'
import { startOpenAiServer } from './openai-server.ts'
import { startPostgresWithUsers } from './postgres.ts'
import { S3_KEYS, startS3ServerWithBuckets } from './s3-server.ts'
import { startStateServer } from './state-server.ts'

/** A conversation with the CLI as a text file: files of the project, then commands with what they print. */
export interface Transcript {
  /** Comments, files and folders, as they stand in the file. */
  readonly head: string
  readonly files: readonly { readonly path: string; readonly content: string }[]
  /** Folders of this repository whose contents are in the project as well. */
  readonly copies: readonly string[]
  readonly exchanges: readonly Exchange[]
}

export interface Exchange {
  readonly command: string
  /** Typed at a terminal, one answer a line; undefined where there is no terminal. */
  readonly typed?: string
  /** What a server answers while the command runs. */
  readonly answers?: ScriptedAnswers
  readonly output: string
}

interface ScriptedAnswers {
  readonly server: ServerName
  readonly replies: readonly unknown[]
}

/** `{{openai}}` in a file is the address of such a server. A vendor keeps its last reply; the others have one fault a request. */
const SERVERS = {
  openai: startOpenAiServer,
  anthropic: startAnthropicServer,
  google: startGoogleServer,
  azure: startAzureServer,
  bedrock: startBedrockServer,
  mistral: startMistralServer,
  state: startStateServer,
  kms: startKmsServerWithKeys,
  s3: startS3ServerWithBuckets,
  postgres: startPostgresWithUsers,
} as const

type ServerName = keyof typeof SERVERS

interface ScriptedServer {
  readonly url: string
  /** Each server knows its own replies; a transcript only passes them on. */
  script(...replies: readonly never[]): void
  close(): Promise<void>
}

/** The keys that the servers are asked with. */
const KEYS = {
  OPENAI_API_KEY: 'sk-proj-0123456789abcdef',
  ANTHROPIC_API_KEY: 'sk-ant-0123456789abcdef',
  GEMINI_API_KEY: 'AIza-0123456789abcdef',
  AZURE_OPENAI_API_KEY: '0123456789abcdef0123',
  AWS_BEARER_TOKEN_BEDROCK: 'bedrock-0123456789abcdef',
  MISTRAL_API_KEY: 'mistral-0123456789abcdef',
  ...S3_KEYS,
} as const

/** As long as the ports that systems give, so that carets stay where they are. */
const SHOWN_PORT = '12345'

/**
 * Head: `# comment`, `-- PATH --` and the lines of a file, ended by `--`; `-- FOLDER/ --` copies a folder of the repository.
 * Then `$ COMMAND`, `[type ANSWER]` and `[openai REPLY]` (or `[state FAULT]`) lines, output, and a blank line before the next command.
 */
export function parseTranscript(text: string): Transcript {
  const lines = text.split('\n')
  const start = findStart(lines)
  const exchanges: { command: string; typed?: string; answers?: ScriptedAnswers; output: string[] }[] = []
  for (const line of lines.slice(start)) {
    const current = exchanges.at(-1)
    const answer = /^\[type (.*)\]$/.exec(line)?.[1]
    if (line.startsWith('$ ')) exchanges.push({ command: line.slice(2), output: [] })
    else if (answer !== undefined && current?.output.length === 0) current.typed = `${current.typed ?? ''}${answer}\n`
    else if (current?.output.length === 0 && SERVER_LINE.test(line)) current.answers = readAnswers(line, current.answers)
    else current?.output.push(line)
  }
  return {
    head: lines.slice(0, start).join('\n'),
    ...readHead(lines.slice(0, start)),
    exchanges: exchanges.map(exchange => ({ ...exchange, output: exchange.output.join('\n').trimEnd() })),
  }
}

const SERVER_LINE = /^\[(openai|anthropic|google|azure|bedrock|mistral|state|kms|s3) (\{.*\})\]$/

/** Each line is one reply, of one server. */
function readAnswers(line: string, before: ScriptedAnswers | undefined): ScriptedAnswers {
  const [, server, reply = ''] = SERVER_LINE.exec(line) ?? []
  return { server: server as ServerName, replies: [...(before?.replies ?? []), JSON.parse(reply)] }
}

function findStart(lines: readonly string[]): number {
  let inFile = false
  for (const [index, line] of lines.entries()) {
    if (/^-- .*[^/] --$/.test(line)) inFile = true
    else if (line === '--') inFile = false
    else if (!inFile && line.startsWith('$ ')) return index
  }
  return lines.length
}

function readHead(lines: readonly string[]): Pick<Transcript, 'files' | 'copies'> {
  const files: { path: string; content: string }[] = []
  const copies: string[] = []
  let content: string[] | undefined
  for (const line of lines) {
    const name = /^-- (.+) --$/.exec(line)?.[1]
    if (name?.endsWith('/')) copies.push(name)
    else if (name !== undefined) {
      content = []
      files.push({ path: name, content: '' })
    } else if (line === '--') {
      const file = files.at(-1)
      if (file) file.content = `${content?.join('\n')}\n`
      content = undefined
    } else content?.push(line)
  }
  return { files, copies }
}

export function printTranscript(transcript: Pick<Transcript, 'head' | 'exchanges'>): string {
  const exchanges = transcript.exchanges.map(({ command, typed, answers, output }) => {
    const lines = typed === undefined ? [] : typed.trimEnd().split('\n')
    return [
      `$ ${command}`,
      ...lines.map(line => `[type ${line}]`),
      ...(answers?.replies ?? []).map(reply => `[${answers?.server} ${JSON.stringify(reply)}]`),
      ...(output === '' ? [] : [output]),
    ].join('\n')
  })
  return `${transcript.head === '' ? '' : `${transcript.head}\n`}${exchanges.join('\n\n')}\n`
}

/** Runs the commands one after another in a new folder, and gives what was printed. The folder is printed as `/project`. */
export async function replay(transcript: Transcript, cli: string): Promise<Transcript> {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'transcript-')))
  const servers = await startServers(transcript)
  try {
    const project = join(base, 'project')
    mkdirSync(project)
    for (const copy of transcript.copies) cpSync(join(projectRoot, copy), project, { recursive: true })
    for (const file of transcript.files) {
      mkdirSync(dirname(join(project, file.path)), { recursive: true })
      writeFileSync(join(project, file.path), withAddresses(file.content, servers))
    }
    mkdirSync(join(base, 'bin'))
    writeFileSync(join(base, 'bin/flowrun'), `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`, { mode: 0o755 })
    const exchanges: Exchange[] = []
    let folder = project
    for (const { output: _, ...exchange } of transcript.exchanges) {
      if (exchange.answers) servers.get(exchange.answers.server)?.script(...(exchange.answers.replies as readonly never[]))
      const result = await runCommand(exchange, { base, folder, environment: environmentOf(servers) })
      folder = result.folder
      exchanges.push({ ...exchange, output: withShownPorts(result.output.replaceAll(project, '/project'), servers).trimEnd() })
    }
    return { ...transcript, exchanges }
  } finally {
    for (const server of servers.values()) await server.close()
    rmSync(base, { recursive: true, force: true })
  }
}

async function startServers({ files }: Transcript): Promise<ReadonlyMap<ServerName, ScriptedServer>> {
  const names = (Object.keys(SERVERS) as ServerName[]).filter(name => files.some(({ content }) => content.includes(`{{${name}}}`)))
  return new Map(await Promise.all(names.map(async name => [name, await SERVERS[name]()] as const)))
}

/** Contents have no setting for another KMS than Amazon's. */
function environmentOf(servers: ReadonlyMap<ServerName, ScriptedServer>): Readonly<Record<string, string>> {
  const kms = servers.get('kms')
  return servers.size === 0 ? {} : { ...KEYS, ...(kms && { AWS_ENDPOINT_URL_KMS: kms.url }) }
}

function withAddresses(content: string, servers: ReadonlyMap<ServerName, ScriptedServer>): string {
  return [...servers].reduce((text, [name, { url }]) => text.replaceAll(`{{${name}}}`, url), content)
}

function withShownPorts(output: string, servers: ReadonlyMap<ServerName, ScriptedServer>): string {
  return [...servers.values()].reduce((text, { url }) => text.replaceAll(new URL(url).host, `127.0.0.1:${SHOWN_PORT}`), output)
}

const COMMAND_TIMEOUT_MS = 60_000

interface Place {
  readonly base: string
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
}

async function runCommand(exchange: Pick<Exchange, 'command' | 'typed'>, place: Place) {
  const outputFile = join(place.base, 'output')
  const folderFile = join(place.base, 'folder')
  writeFileSync(outputFile, '')
  const [out, folder] = [openSync(outputFile, 'a'), openSync(folderFile, 'w')]
  // Both streams go to one file, so that they are in the order in which they were written.
  const shell = spawn('sh', ['-c', `${exchange.command}\ncode=$?; pwd >&3; exit $code`], {
    cwd: place.folder,
    stdio: ['pipe', out, out, folder],
    timeout: COMMAND_TIMEOUT_MS,
    env: {
      PATH: `${join(place.base, 'bin')}:${dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: place.base,
      LANG: 'C.UTF-8',
      COLUMNS: '100',
      FLOWRUN_TEST: '1',
      FLOWRUN_TEST_CLOCK: '2026-11-21T14:02:11Z',
      FLOWRUN_TEST_USER: 'ana',
      ...place.environment,
      ...(exchange.typed === undefined ? {} : { FLOWRUN_TEST_TERMINAL: '1', NO_COLOR: '1' }),
    },
  })
  shell.stdin?.on('error', () => {})
  shell.stdin?.end(exchange.typed ?? '')
  const code = await new Promise<number>(resolve => shell.on('close', (exit, signal) => resolve(exit ?? (signal === null ? 0 : 128))))
  // A live line is replaced by what is written after it, as on a terminal.
  const output = readFileSync(outputFile, 'utf8').replace(/[^\n]*\r\u001b\[2K/g, '')
  // After an `Error:` the code is 1 unless the transcript says otherwise.
  const isUsual = code === 0 || (code === 1 && /^Error: /m.test(output))
  return {
    folder: readFileSync(folderFile, 'utf8').trim() || place.folder,
    output: isUsual ? output : `${output.trimEnd()}\n[exit ${code}]`.trimStart(),
  }
}

/** Whether the output is what was expected; a `…` that does not stand in the output itself matches the rest of a line. */
export function matches(actual: string, expected: string): boolean {
  if (actual === expected) return true
  if (!expected.includes('…')) return false
  const pattern = expected
    .split('\n')
    .map(line => (line === '…' ? '[^]*?' : line.split('…').map(RegExp.escape).join('[^\\n]*')))
    .join('\n')
  return new RegExp(`^${pattern}$`).test(actual)
}
