import type { CommandFacts, FlagFacts } from './help.ts'

export const shells = ['bash', 'zsh', 'fish', 'powershell'] as const
export type Shell = (typeof shells)[number]

/** A script for a shell. It asks nothing at completion time, so that a Tab never waits for a start of flowrun. */
export function completionScript(shell: Shell, commands: readonly CommandFacts[]): string {
  const visible = commands.filter(command => !command.hidden)
  switch (shell) {
    case 'bash':
      return bashScript(visible)
    case 'zsh':
      return zshScript(visible)
    case 'fish':
      return fishScript(visible)
    case 'powershell':
      return powershellScript(visible)
  }
}

function flagsOf(command: CommandFacts): readonly FlagFacts[] {
  return Object.values(command.flags).filter(flag => !flag.hidden)
}

function flagWords(command: CommandFacts): string {
  return ['--help', ...flagsOf(command).map(flag => `--${flag.name}`)].join(' ')
}

function bashScript(commands: readonly CommandFacts[]): string {
  return `# flowrun completion for bash
_flowrun() {
  local current=\${COMP_WORDS[COMP_CWORD]} command= word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) command=$word; break ;; esac
  done
  local words
  case $command in
    '') words='${commands.map(command => command.id).join(' ')} --help --version' ;;
${commands.map(command => `    ${command.id}) words='${flagWords(command)}' ;;`).join('\n')}
  esac
  if [[ $current == -* || -z $command ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _flowrun flowrun
`
}

function zshScript(commands: readonly CommandFacts[]): string {
  const described = commands.map(command => `    '${command.id}:${zshText(command.brief ?? command.summary ?? '')}'`)
  return `#compdef flowrun
# flowrun completion for zsh
_flowrun() {
  local -a commands
  commands=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${commands.map(command => `    ${command.id}) _arguments ${zshFlags(command)} '*:file:_files' ;;`).join('\n')}
  esac
}
if [[ $funcstack[1] == _flowrun ]]; then _flowrun "$@"; else compdef _flowrun flowrun; fi
`
}

function zshFlags(command: CommandFacts): string {
  return flagsOf(command)
    .map(flag => {
      const value = flag.type === 'option' ? `:${zshText(flag.helpValue ?? 'value')}:_files` : ''
      return `'${flag.multiple ? '*' : ''}--${flag.name}${flag.type === 'option' ? '=' : ''}[${zshText(flag.summary ?? '')}]${value}'`
    })
    .join(' ')
}

/** Inside single quotes, where brackets and colons mean something to zsh. */
function zshText(text: string): string {
  return text.replaceAll("'", '').replace(/[[\]:]/g, '\\$&')
}

function fishScript(commands: readonly CommandFacts[]): string {
  const lines = commands.flatMap(command => [
    `complete -c flowrun -n __fish_use_subcommand -f -a ${command.id} -d ${fishText(command.brief ?? command.summary ?? '')}`,
    ...flagsOf(command).map(flag => {
      const short = flag.char === undefined ? '' : ` -s ${flag.char}`
      const value = flag.type === 'option' ? ' -r' : ''
      return `complete -c flowrun -n '__fish_seen_subcommand_from ${command.id}' -l ${flag.name}${short}${value} -d ${fishText(flag.summary ?? '')}`
    }),
  ])
  return `# flowrun completion for fish\n${lines.join('\n')}\n`
}

function fishText(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}

function powershellScript(commands: readonly CommandFacts[]): string {
  return `# flowrun completion for PowerShell
Register-ArgumentCompleter -Native -CommandName flowrun -ScriptBlock {
  param($word, $ast, $position)
  $flags = @{
${commands.map(command => `    '${command.id}' = '${flagWords(command)}'`).join('\n')}
  }
  $typed = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" } | Where-Object { $_ -notlike '-*' })
  $words = if ($typed.Count -gt 0 -and $flags.ContainsKey($typed[0])) { $flags[$typed[0]].Split(' ') } else { $flags.Keys | Sort-Object }
  $words | Where-Object { $_ -like "$word*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`
}
