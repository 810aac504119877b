import * as Flags from '@oclif/core/flags'

/**
 * Flags of every command. A command that shows one in its help lists it among its own: `...shown('What to show', 'format')`.
 */
const everyGlobalFlag = {
  chdir: Flags.string({ helpValue: 'DIR', summary: 'work in this folder', hidden: true }),
  environment: Flags.string({ char: 'e', helpValue: 'NAME', summary: 'environment', hidden: true }),
  format: Flags.string({ helpValue: 'FORMAT', summary: 'form of the result', hidden: true }),
  json: Flags.boolean({ summary: 'the same as --format json', hidden: true }),
  jsonl: Flags.boolean({ summary: 'the same as --format jsonl', hidden: true }),
  also: Flags.string({ helpValue: 'FORMAT=FILE', summary: 'write another form as well', multiple: true, hidden: true }),
  'no-color': Flags.boolean({ summary: 'no colour; so does NO_COLOR', hidden: true }),
  quiet: Flags.boolean({ char: 'q', summary: 'only the result and errors', hidden: true }),
  verbose: Flags.boolean({ char: 'v', summary: 'also what was read, contacted and decided', hidden: true }),
  // `run` has an --input of its own, so this one is known by its alias.
  ask: Flags.boolean({ aliases: ['input'], helpLabel: '--input=false', summary: 'ask for nothing', default: true, hidden: true }),
  yes: Flags.boolean({ char: 'y', aliases: ['auto-approve'], summary: 'answer yes to every question', hidden: true }),
}

/** `run` has an `--input` of its own, with a value; so the type of the global one is kept out of commands. */
export const globalFlags: Omit<typeof everyGlobalFlag, 'input'> = everyGlobalFlag

type GlobalFlags = typeof everyGlobalFlag

/** Global flags as a command's help shows them, under a heading. */
export function shown<Name extends keyof GlobalFlags>(helpGroup: string, ...names: readonly Name[]): Pick<GlobalFlags, Name> {
  const chosen: Partial<GlobalFlags> = {}
  for (const name of names) Object.assign(chosen, { [name]: { ...everyGlobalFlag[name], hidden: false, helpGroup } })
  return chosen as Pick<GlobalFlags, Name>
}

/** Of commands that take the lock of the state. */
export const lockFlag = Flags.boolean({
  helpGroup: 'How',
  helpLabel: '--lock=false',
  summary: 'take no lock; no release is lost by it',
  default: true,
})

/** Why a rule is passed by, or a pointer moved back: others read it, and the audit log keeps it. */
export const reasonFlag = Flags.custom<string>({
  helpValue: 'REASON',
  parse: async text => {
    if (text.trim() === '') throw new Error('Say why in a few words: others read it, and the audit log keeps it.')
    return text
  },
})
