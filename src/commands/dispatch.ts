import type { Config } from '@oclif/core/config'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { diagnosticText } from '../views/diagnostic-text.ts'
import { createTerminal } from '../views/terminal.ts'
import { readArguments, splitCommand } from './arguments.ts'
import { showCrash } from './crash.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { globalFlags } from './flags.ts'
import type { Host } from './host.ts'
import { commands } from './index.ts'
import { unknownCommand } from './unknown-command.ts'
import { splitWords } from './words.ts'

/** Runs the command that the words name. Never throws: a bug of ours becomes a crash report and exit code 70. */
export async function dispatch(typed: readonly string[], host: Host): Promise<ExitCode> {
  let name: string | undefined
  try {
    const { before, name: found, after } = findCommand(typed)
    name = found
    if (name === undefined) {
      const unknown = after[0]
      return unknown === undefined || isHelp(before) ? await runAlone(before, host) : refuse(unknownCommand(unknown).diagnostic, host)
    }
    const words = [...before, ...splitWords(host.environment.FLOWRUN_CLI_ARGS ?? ''), ...splitWords(argumentsOf(name, host)), ...after]
    return isHelp(words) ? await runCommand('help', name.split(' '), host) : await runCommand(name, words, host)
  } catch (error) {
    return showCrash(error, name ?? 'flowrun', host)
  }
}

/** `flowrun`, `flowrun --help`, `flowrun --version`. */
async function runAlone(words: readonly string[], host: Host): Promise<ExitCode> {
  const isVersion = (word: string) => word === '-version' || word === '--version'
  if (words.some(isVersion))
    return await runCommand(
      'version',
      words.filter(word => !isVersion(word)),
      host,
    )
  try {
    readArguments('', words, { ...globalFlags, help: { type: 'boolean', char: 'h' }, version: { type: 'boolean' } })
  } catch (error) {
    if (error instanceof OperationError) return refuse(error.diagnostic, host)
    throw error
  }
  return await runCommand('help', [], host)
}

async function runCommand(name: string, words: readonly string[], host: Host): Promise<ExitCode> {
  const load = commands[name]
  if (load === undefined) return refuse(unknownCommand(name).diagnostic, host)
  const { default: Command } = await load()
  const command = new Command([...words], commandConfig)
  return await command.execute(host)
}

/** All that oclif's Command asks of its configuration while it is made; loading a whole one looks for plugins, and there are none. */
const commandConfig = { bin: 'flowrun' } as Config

interface FoundCommand {
  /** Global flags that stand before the name. */
  readonly before: readonly string[]
  /** `plan`, `state list`; undefined when the words name no command. */
  readonly name: string | undefined
  readonly after: readonly string[]
}

function findCommand(words: readonly string[]): FoundCommand {
  const { before, rest } = splitCommand(words, globalFlags)
  const [first, second] = rest
  if (first !== undefined && second !== undefined && Object.hasOwn(commands, `${first} ${second}`)) {
    return { before, name: `${first} ${second}`, after: rest.slice(2) }
  }
  if (first === undefined || !Object.hasOwn(commands, first)) return { before, name: undefined, after: rest }
  // A command with subcommands takes no argument of its own (cli.md 1.10), so the word is a subcommand that there is not.
  const isMistyped = second !== undefined && /^[a-z]/.test(second) && hasSubcommands(first)
  return isMistyped ? { before, name: undefined, after: [`${first} ${second}`] } : { before, name: first, after: rest.slice(1) }
}

function hasSubcommands(name: string): boolean {
  return Object.keys(commands).some(other => other.startsWith(`${name} `))
}

function isHelp(words: readonly string[]): boolean {
  const ended = words.indexOf('--')
  return words.slice(0, ended < 0 ? undefined : ended).some(word => word === '-h' || word === '-help' || word === '--help')
}

/** `FLOWRUN_CLI_ARGS_plan`; a command of two words has an underscore, for the shell allows no blank. */
function argumentsOf(name: string, host: Host): string {
  return host.environment[`FLOWRUN_CLI_ARGS_${name.replaceAll(/[ -]/g, '_')}`] ?? ''
}

function refuse(diagnostic: Diagnostic, host: Host): ExitCode {
  const { err } = createTerminal(host)
  err.write(`${diagnosticText(diagnostic, err.style)}\n`)
  return exitCodes.error
}
