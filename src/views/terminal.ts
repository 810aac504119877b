import type { Readable, Writable } from 'node:stream'
import { createStyle, type Style } from './style.ts'

/** The process's three streams, and how text looks on two of them. */
export interface Terminal {
  readonly out: Output
  readonly err: Output
  /** stdin as a stream of text. */
  readonly input: Readable
  readonly inputIsTerminal: boolean
  /** Somebody is there who can answer a question. */
  readonly canAsk: boolean
  /** Asks on stderr; undefined at the end of input, and when the signal is aborted. */
  ask(question: string, signal?: AbortSignal): Promise<string | undefined>
}

export interface Output {
  readonly isTerminal: boolean
  readonly style: Style
  /** Lines that it has now; undefined: it is no terminal, or does not say. */
  rows(): number | undefined
  write(text: string): void
}

export interface TerminalOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number }
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number }
  /** `--no-color` was given. */
  readonly noColor?: boolean
  /** `-input=false` was given. */
  readonly noInput?: boolean
}

export function createTerminal(options: TerminalOptions): Terminal {
  const { environment, stdout, stderr } = options
  const automated = Boolean(environment.CI) || environment.FLOWRUN_INPUT === 'false' || options.noInput === true
  return {
    out: createOutput(stdout, options),
    err: createOutput(stderr, options),
    get input() {
      return options.stdin
    },
    get inputIsTerminal() {
      return options.stdin.isTTY === true
    },
    canAsk: !automated && stderr.isTTY === true && options.stdin.isTTY === true,
    ask: (question, signal) => ask(question, options.stdin, stderr, { echo: environment.FLOWRUN_TEST_TERMINAL === '1', signal }),
  }
}

function createOutput(stream: TerminalOptions['stdout'], options: TerminalOptions): Output {
  const isTerminal = stream.isTTY === true
  const { environment } = options
  const style = createStyle({
    colored: choosesColor(environment, isTerminal, options.noColor ?? false),
    ascii: choosesAscii(environment),
    width: chooseWidth(isTerminal ? stream.columns : undefined, environment),
  })
  return { isTerminal, style, rows: () => stream.rows, write: text => void stream.write(text) }
}

type Environment = TerminalOptions['environment']

/** Who wins is an order, and it is written down in the guide; the first that matches decides. */
function choosesColor(environment: Environment, isTerminal: boolean, noColor: boolean): boolean {
  if (noColor || environment.NO_COLOR) return false
  if (environment.FORCE_COLOR && environment.FORCE_COLOR !== '0') return true
  if (environment.TERM === 'dumb') return false
  return environment.GITHUB_ACTIONS ? true : isTerminal
}

function choosesAscii(environment: Environment): boolean {
  if (environment.FLOWRUN_ASCII === '1' || environment.TERM === 'dumb') return true
  // POSIX: the first that is set and not empty decides. None set says nothing, and files are UTF-8 today.
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG
  return locale !== undefined && locale !== '' && !/utf-?8/i.test(locale)
}

const WIDTH_MIN = 60
const WIDTH_MAX = 100
const WIDTH_WITHOUT_TERMINAL = 80

/** COLUMNS wins where it is set, so that a script, a test or a wrapped terminal can say what it wants. */
function chooseWidth(columns: number | undefined, environment: Environment): number {
  const wanted = Number(environment.COLUMNS) || columns || WIDTH_WITHOUT_TERMINAL
  return Math.min(Math.max(wanted, WIDTH_MIN), WIDTH_MAX)
}

/** The terminal itself edits the line and turns Ctrl-C into a signal; where the input only plays one, we show what was typed. */
async function ask(
  question: string,
  input: TerminalOptions['stdin'],
  output: Writable,
  { echo, signal }: { readonly echo: boolean; readonly signal: AbortSignal | undefined },
): Promise<string | undefined> {
  // Few commands ask, and node:readline takes 2 ms to load.
  const { createInterface } = await import('node:readline/promises')
  const reader = createInterface({ input, output, terminal: false })
  const ended = new Promise<undefined>(resolve => reader.once('close', () => resolve(undefined)))
  const close = () => reader.close()
  signal?.addEventListener('abort', close)
  try {
    const answer = await Promise.race([reader.question(question), ended])
    if (echo || answer === undefined) output.write(`${answer ?? ''}\n`)
    return answer
  } finally {
    signal?.removeEventListener('abort', close)
    reader.close()
  }
}
