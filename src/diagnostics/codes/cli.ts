import type { CodePage } from './page.ts'

/** What the command line itself can say. */
export const cliCodes = {
  'cli/unknown-command': {
    severity: 'error',
    since: '0.1',
    what: 'A command was typed that flowrun does not have.',
    why: 'guessing a command could change something that nobody asked for.',
    cure: ['Correct the name.', 'See all commands: flowrun --help'],
    see: ['cli/unknown-flag'],
  },
  'cli/unknown-flag': {
    severity: 'error',
    since: '0.1',
    what: 'A flag was given that the command does not have.',
    why: 'a flag that is passed over in silence looks as if it had worked.',
    cure: [
      'Correct the name; long flags take one dash or two, and short flags do not bundle.',
      'See the flags of a command: flowrun COMMAND --help',
      'Put -- before an argument that begins with a dash.',
    ],
    see: ['cli/bad-flag-value'],
  },
  'cli/bad-flag-value': {
    severity: 'error',
    since: '0.1',
    what: 'A flag has no value, or one that it cannot take.',
    why: 'a value that is replaced by a default would do something else than was asked for.',
    cure: [
      'Give the value that the message names, as --flag=VALUE or --flag VALUE.',
      'Write --flag=VALUE when the value begins with a dash.',
    ],
    see: ['cli/unknown-flag'],
  },
  'cli/missing-argument': {
    severity: 'error',
    since: '0.1',
    what: 'The command needs an argument that was not given.',
    why: 'flowrun does not guess which block, file or environment is meant.',
    cure: ['Give the argument; the usage line names it: flowrun COMMAND --help'],
    see: ['cli/unexpected-argument'],
  },
  'cli/unexpected-argument': {
    severity: 'error',
    since: '0.1',
    what: 'The command takes fewer arguments than were given.',
    why: 'an argument that is passed over in silence looks as if it had been used.',
    cure: ['Take it away, or quote a value that holds spaces.', 'See what the command takes: flowrun COMMAND --help'],
    see: ['cli/missing-argument'],
  },
  'cli/bad-address': {
    severity: 'error',
    since: '0.1',
    what: 'An argument is not an address, such as prompt.answer or prompt.answer@8.',
    why: 'a name without its block type can mean several things.',
    cure: [
      'Write the block type, a dot and the name: prompt.answer',
      'Quote the brackets of an instance for the shell: \'prompt.greet["de"]\'',
      'After @ comes a number: prompt.answer@8 is a version, prod@15 a release.',
    ],
  },
  'cli/no-such-folder': {
    severity: 'error',
    since: '0.1',
    what: 'The folder of -chdir is not there.',
    why: 'a command in the wrong folder would plan the wrong project.',
    cure: ['Correct the path; it is relative to the folder in which the command was typed.'],
  },
  'cli/needs-approval': {
    severity: 'error',
    since: '0.1',
    what: 'The command asks for an approval, and nobody can be asked.',
    why: 'without a terminal a question would wait for ever, and silence is not a yes.',
    cure: [
      'Approve beforehand: --yes',
      'Or apply what a person has read: flowrun plan -out FILE, then flowrun apply FILE',
      'A question is asked only if stdin and stderr are terminals, CI is not set, and -input=false was not given.',
    ],
  },
  'cli/unknown-code': {
    severity: 'error',
    since: '0.1',
    what: 'There is no page for this code.',
    why: 'codes are never renamed, so a code without a page is a slip of the fingers.',
    cure: ['List all codes: flowrun explain'],
  },
  'cli/cannot-write': {
    severity: 'error',
    since: '0.1',
    what: 'A file that the command should write cannot be written.',
    why: 'a command that says done must have written what was asked for.',
    cure: ['Make the folder, free the disk, or choose another path.'],
  },
  'cli/cannot-read': {
    severity: 'error',
    since: '0.1',
    what: 'A file that was named on the command line cannot be read.',
    why: 'a file that is passed over in silence looks as if it had been used.',
    cure: ['Correct the path, or the permissions of the file.'],
  },
} as const satisfies Record<`cli/${string}`, CodePage>
