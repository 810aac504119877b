import { padEnd, wrapProse } from './text-width.ts'

/** What help knows of a command; the manifest that the build writes has this shape. */
export interface CommandFacts {
  readonly id: string
  /** One sentence: the first line of the command's help. */
  readonly summary?: string
  readonly description?: string
  readonly usage?: string
  readonly group: CommandGroup
  /** The line of `flowrun --help`; a command without one stands in a line of names. */
  readonly brief?: string
  readonly listedAs?: string
  readonly args: Readonly<Record<string, ArgumentFacts>>
  readonly flags: Readonly<Record<string, FlagFacts>>
  readonly examples?: readonly string[]
  readonly exitCodes: string
  readonly formats: readonly string[]
  /** `--json` means the event stream. */
  readonly streamsJson: boolean
  readonly hidden?: boolean
}

export type CommandGroup = 'write' | 'try' | 'deploy' | 'look' | 'operate' | 'repair' | 'other'

export interface ArgumentFacts {
  readonly name: string
  readonly required?: boolean
  readonly multiple?: boolean
}

export interface FlagFacts {
  readonly name: string
  readonly type: 'boolean' | 'option'
  readonly char?: string
  readonly summary?: string
  readonly helpGroup?: string
  readonly helpValue?: string
  /** Instead of the name with its dashes. */
  readonly helpLabel?: string
  readonly multiple?: boolean
  readonly default?: unknown
  readonly hidden?: boolean
}

const groupTitles: readonly (readonly [CommandGroup, string])[] = [
  ['write', 'Write'],
  ['try', 'Try'],
  ['deploy', 'Deploy'],
  ['look', 'Look'],
  ['operate', 'Operate'],
  ['repair', 'Repair'],
]

const HELP_WIDTH = 80
const NAME_WIDTH = 14
const SUBCOMMAND_WIDTH = 16
const TEXT_COLUMN = 27
const SUFFIX_COLUMN = 75

/** `flowrun --help`: every command that there is, in groups. */
export function rootHelpText(commands: readonly CommandFacts[]): string {
  const listed = commands.filter(command => !command.hidden)
  const sections = groupTitles.flatMap(([group, title]) => {
    const members = listed.filter(command => command.group === group)
    return members.length === 0 ? [] : [[title, ...groupLines(members)].join('\n')]
  })
  const others = listed.filter(command => command.group === 'other')
  return `${[
    'flowrun: prompts, models and workflows as infrastructure',
    'Usage: flowrun [-chdir=DIR] COMMAND [options]',
    ...sections,
    ...groupLines(others),
    'flowrun COMMAND --help tells more. Long flags take one dash or two.',
  ].join('\n\n')}\n`
}

function groupLines(members: readonly CommandFacts[]): string[] {
  const described = members.filter(command => command.brief !== undefined)
  const named = members.filter(command => command.brief === undefined).map(command => command.listedAs ?? command.id)
  return [
    ...described.map(command => `  ${padEnd(command.id, NAME_WIDTH)}${command.brief}`),
    ...(named.length === 0 ? [] : [`  ${named.join(', ')}`]),
  ]
}

/** `flowrun COMMAND --help`: one sentence, usage, subcommands, flags in groups, examples, exit codes. */
export function commandHelpText(command: CommandFacts, subcommands: readonly CommandFacts[] = []): string {
  const parts = [command.summary ?? command.id, `Usage: ${usageOf(command)}`]
  if (command.description !== undefined) {
    parts.push(
      wrapProse(command.description, HELP_WIDTH - 2)
        .map(line => (line === '' ? '' : `  ${line}`))
        .join('\n'),
    )
  }
  if (subcommands.length > 0)
    parts.push(['Commands', ...subcommands.map(({ id, summary = '' }) => `  ${padEnd(id, SUBCOMMAND_WIDTH)}${summary}`)].join('\n'))
  const flags = Object.values(command.flags).filter(flag => !flag.hidden)
  parts.push(...flagSections(flags.map(flag => withFormats(flag, command))))
  if (command.examples && command.examples.length > 0)
    parts.push(['Examples', ...command.examples.map(example => `  ${example}`)].join('\n'))
  parts.push(command.exitCodes)
  return `${parts.join('\n\n')}\n`
}

function usageOf(command: CommandFacts): string {
  if (command.usage !== undefined) return command.usage
  const places = Object.values(command.args).map(argument => {
    const name = argument.name.toUpperCase() + (argument.multiple ? '…' : '')
    return argument.required ? name : `[${name}]`
  })
  return ['flowrun', command.id, ...places, '[options]'].join(' ')
}

/** The two flags of formats say what they mean for the command. */
function withFormats(flag: FlagFacts, { formats, streamsJson }: CommandFacts): FlagFacts {
  if (flag.name === 'format') return { ...flag, summary: formats.join(', '), default: 'text' }
  return flag.name === 'json' && streamsJson ? { ...flag, summary: "the event stream (jsonl), as Terraform's -json" } : flag
}

function flagSections(flags: readonly FlagFacts[]): string[] {
  const groups = Map.groupBy(flags, flag => flag.helpGroup ?? 'Options')
  return [...groups].map(([title, members]) => [title, ...members.map(flagLine)].join('\n'))
}

function flagLine(flag: FlagFacts): string {
  // A switch that is on by default is shown as it is turned off.
  const value = flag.type === 'option' ? ` ${flag.helpValue ?? 'VALUE'}` : flag.default === true ? '=false' : ''
  const label = `  ${flag.char === undefined ? '    ' : `-${flag.char}, `}${flag.helpLabel ?? `--${flag.name}${value}`}`
  const gap = label.length < TEXT_COLUMN - 1 ? ' '.repeat(TEXT_COLUMN - label.length) : '   '
  const text = `${label}${gap}${flag.summary ?? ''}`
  const suffix = flagSuffix(flag)
  return suffix === '' ? text : `${padEnd(text, SUFFIX_COLUMN - 1)} ${suffix}`
}

function flagSuffix(flag: FlagFacts): string {
  if (flag.multiple) return '(repeatable)'
  const isShown = flag.type === 'option' && (typeof flag.default === 'string' || typeof flag.default === 'number')
  return isShown ? `(default ${flag.default})` : ''
}
