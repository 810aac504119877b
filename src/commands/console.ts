import { createInterface } from 'node:readline'
import { createApp } from '../app.ts'
import { type Console, openConsole } from '../operations/console.ts'
import { consoleAnswer, consoleLine, typeLine } from '../views/console.ts'
import { BaseCommand } from './base-command.ts'
import { readVariables, variableFlags } from './configuration-flags.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class ConsoleCommand extends BaseCommand {
  static override id = 'console'
  static override group = 'write' as const
  static override brief = 'evaluate expressions against the configuration'
  static override summary = 'Evaluate expressions against the configuration'
  static override description =
    'One expression a line; not a terminal: from stdin. :type EXPR shows a type, :quit ends. With --json, each line is {"id", "expr"}, and each answer {"id", "value", "type"} or {"id", "diagnostics"}.'
  static override examples = [
    'flowrun console',
    'echo "upper(\\"hello\\")" | flowrun console',
    'flowrun console --json < expressions.jsonl',
  ]
  static override flags = { ...shown('What to plan', 'environment'), ...variableFlags, ...shown('What to show', 'json') }

  async run(): Promise<ExitCode> {
    const { flags, raw } = await this.parse(ConsoleCommand)
    const opened = openConsole(createApp(this.host), { ...this.chosenEnvironment(flags), variables: readVariables(raw) })
    if (opened.outcome === 'invalid') return this.report(opened.diagnostics)
    const { input, inputIsTerminal } = this.terminal
    const isInteractive = inputIsTerminal && !this.forMachine
    const lines = createInterface({
      input,
      crlfDelay: Number.POSITIVE_INFINITY,
      ...(isInteractive ? { output: this.host.stderr, prompt: '> ' } : {}),
    })
    let failed = false
    if (isInteractive) lines.prompt()
    for await (const line of lines) {
      if (line.trim() === ':quit') break
      if (this.forMachine) this.print(line.trim() === '' ? '' : consoleAnswer(opened.console, line))
      else failed = !this.#answer(opened.console, line.trim()) || failed
      if (isInteractive) lines.prompt()
    }
    lines.close()
    return failed && !isInteractive ? exitCodes.error : exitCodes.done
  }

  #answer(console: Console, line: string): boolean {
    if (line === '') return true
    const wantsType = line.startsWith(':type ')
    const result = console.evaluate(wantsType ? line.slice(':type '.length) : line)
    if (result.ok) {
      this.print(wantsType ? typeLine(result.value) : consoleLine(result.value))
      return true
    }
    this.report(result.diagnostics)
    return false
  }
}
