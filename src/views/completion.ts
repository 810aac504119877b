import type { CommandFacts, FlagFacts } from './help.ts'

export const shells = ['bash', 'zsh', 'fish', 'powershell'] as const
export type Shell = (typeof shells)[number]

/** A command by its first word, with those that have a second one. */
interface CommandTree {
  readonly name: string
  /** Absent where the second word must be said: `content repair`. */
  readonly own: CommandFacts | undefined
  /** By their second words. */
  readonly inner: ReadonlyMap<string, CommandFacts>
}

/** A script for a shell. It asks nothing at completion time, so that a Tab never waits for a start of flowrun. */
export function completionScript(shell: Shell, commands: readonly CommandFacts[]): string {
  const trees = treesOf(commands)
  switch (shell) {
    case 'bash':
      return bashScript(trees)
    case 'zsh':
      return zshScript(trees)
    case 'fish':
      return fishScript(trees)
    case 'powershell':
      return powershellScript(trees)
  }
}

/** What is left out of a list of commands for brevity, `state list`, is completed none the less. */
function treesOf(commands: readonly CommandFacts[]): readonly CommandTree[] {
  const offered = commands.filter(({ id, hidden }) => !hidden || id.includes(' '))
  const groups = Map.groupBy(offered, ({ id }) => id.split(' ')[0] ?? id)
  return [...groups].map(([name, members]) => ({
    name,
    own: members.find(({ id }) => id === name),
    inner: new Map(members.flatMap(command => (command.id === name ? [] : [[command.id.slice(name.length + 1), command] as const]))),
  }))
}

function described({ own, inner }: CommandTree): string {
  const [first] = inner.values()
  return own?.brief ?? own?.summary ?? first?.summary ?? ''
}

function flagsOf(command: CommandFacts | undefined): readonly FlagFacts[] {
  return Object.values(command?.flags ?? {}).filter(flag => !flag.hidden)
}

function flagWords(command: CommandFacts | undefined): string {
  return ['--help', ...flagsOf(command).map(flag => `--${flag.name}`)].join(' ')
}

/** `--environment -environment -e …`: their value may be the next word. No name takes a value in one command and none in another. */
function valueFlags(trees: readonly CommandTree[]): readonly string[] {
  const flags = trees.flatMap(({ own, inner }) => [own, ...inner.values()].flatMap(flagsOf)).filter(({ type }) => type === 'option')
  return [...new Set(flags.flatMap(({ name, char }) => [`--${name}`, `-${name}`, ...(char === undefined ? [] : [`-${char}`])]))]
}

function bashScript(trees: readonly CommandTree[]): string {
  const pairs = trees.flatMap(({ name, inner }) => [...inner.keys()].map(word => `'${name} ${word}'`))
  const line = (name: string, flags: string, inner: readonly string[]) =>
    `    '${name}') words='${flags}'${inner.length === 0 ? '' : ` inner='${inner.join(' ')}'`} ;;`
  const lines = trees.flatMap(({ name, own, inner }) => [
    line(name, flagWords(own), [...inner.keys()]),
    ...[...inner].map(([word, command]) => line(`${name} ${word}`, flagWords(command), [])),
  ])
  return `# flowrun completion for bash
_flowrun() {
  local current=\${COMP_WORDS[COMP_CWORD]} command= word words= inner= value=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    # --environment=prod is three words here.
    if [[ $word == = ]]; then value=1; continue; fi
    if [[ -n $value ]]; then value=; continue; fi
    case $word in
      ${valueFlags(trees).join('|')}) value=1; continue ;;
      -*) continue ;;
    esac
    if [[ -z $command ]]; then command=$word; continue; fi
    case "$command $word" in ${pairs.join('|') || "''"}) command="$command $word" ;; esac
    break
  done
  case $command in
    '') words='${trees.map(({ name }) => name).join(' ')} --help --version' ;;
${lines.join('\n')}
  esac
  if [[ $current == = ]]; then current= value=1; fi
  if [[ -n $value ]]; then
    COMPREPLY=($(compgen -f -- "$current"))
  elif [[ $current == -* || -z $command ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  elif [[ -n $inner ]]; then
    COMPREPLY=($(compgen -W "$inner" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _flowrun flowrun
`
}

function zshScript(trees: readonly CommandTree[]): string {
  const lines = trees.map(tree => `    '${tree.name}:${zshText(described(tree))}'`)
  return `#compdef flowrun
# flowrun completion for zsh
_flowrun() {
  local -a commands
  commands=(
${lines.join('\n')}
  )
  local -i at=2
  while (( at < CURRENT )); do
    case $words[at] in
      ${valueFlags(trees).join('|')}) (( at += 2 )) ;;
      -*) (( at += 1 )) ;;
      *) break ;;
    esac
  done
  if (( at > CURRENT )); then _files; return; fi
  if (( at == CURRENT )); then
    _describe command commands
    return
  fi
  # From here on the command is the second word, as if no flag stood before it.
  words=(flowrun "\${(@)words[at,-1]}")
  (( CURRENT -= at - 2 ))
  case $words[2] in
${trees.map(zshCase).join('\n')}
  esac
}
if [[ $funcstack[1] == _flowrun ]]; then _flowrun "$@"; else compdef _flowrun flowrun; fi
`
}

function zshCase({ name, own, inner }: CommandTree): string {
  const take = (command: CommandFacts | undefined) => `_arguments ${zshFlags(command)} '*:file:_files'`
  if (inner.size === 0) return `    ${name}) ${take(own)} ;;`
  return `    ${name})
      if (( CURRENT == 3 )); then compadd ${[...inner.keys()].join(' ')}; fi
      case $words[3] in
${[...inner].map(([word, command]) => `        ${word}) ${take(command)} ;;`).join('\n')}
        *) ${take(own)} ;;
      esac ;;`
}

function zshFlags(command: CommandFacts | undefined): string {
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

function fishScript(trees: readonly CommandTree[]): string {
  const lines = trees.flatMap(tree => {
    const { name, own, inner } = tree
    const isSeen = `__flowrun_seen ${name}`
    return [
      `complete -c flowrun -n 'not __flowrun_seen' -f -a ${name} -d ${fishText(described(tree))}`,
      ...fishFlags(own, isSeen),
      ...[...inner].flatMap(([word, command]) => [
        `complete -c flowrun -n '${[isSeen, ...[...inner.keys()].map(other => `not __flowrun_seen ${name} ${other}`)].join('; and ')}' -f -a ${word} -d ${fishText(command.summary ?? '')}`,
        ...fishFlags(command, `__flowrun_seen ${name} ${word}`),
      ]),
    ]
  })
  return `# flowrun completion for fish
# Whether the words before the cursor, flags and their values left out, begin with these; without any: whether there is one.
function __flowrun_seen
  set -l seen
  set -l value 0
  set -l words (commandline -opc)
  set -e words[1]
  for word in $words
    if test $value = 1
      set value 0
      continue
    end
    switch $word
      case ${valueFlags(trees).join(' ')}
        set value 1
      case '-*'
      case '*'
        set -a seen $word
    end
  end
  set -q argv[1]; or set argv $seen[1]
  test (count $seen) -gt 0; and test "$seen[1..(count $argv)]" = "$argv"
end
${lines.join('\n')}
`
}

function fishFlags(command: CommandFacts | undefined, condition: string): readonly string[] {
  return flagsOf(command).map(flag => {
    const short = flag.char === undefined ? '' : ` -s ${flag.char}`
    const value = flag.type === 'option' ? ' -r' : ''
    return `complete -c flowrun -n '${condition}' -l ${flag.name}${short}${value} -d ${fishText(flag.summary ?? '')}`
  })
}

function fishText(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}

function powershellScript(trees: readonly CommandTree[]): string {
  const entries = trees.flatMap(({ name, own, inner }) => [
    [name, [...inner.keys(), flagWords(own)].join(' ')] as const,
    ...[...inner].map(([word, command]) => [`${name} ${word}`, flagWords(command)] as const),
  ])
  return `# flowrun completion for PowerShell
Register-ArgumentCompleter -Native -CommandName flowrun -ScriptBlock {
  param($word, $ast, $position)
  $words = @{
${entries.map(([name, words]) => `    '${name}' = '${words}'`).join('\n')}
  }
  $valued = @('${valueFlags(trees).join("', '")}')
  $before = ''
  $typed = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object {
    if ("$_" -notlike '-*' -and $valued -cnotcontains $before) { "$_" }
    $before = "$_"
  })
  $known = @(($typed | Select-Object -First 2) -join ' ', "$($typed | Select-Object -First 1)") | Where-Object { $_ -ne '' -and $words.ContainsKey($_) } | Select-Object -First 1
  $offered = if ($known) { $words[$known].Split(' ') } else { $words.Keys | Where-Object { $_ -notlike '* *' } | Sort-Object }
  $offered | Where-Object { $_ -like "$word*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`
}
