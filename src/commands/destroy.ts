import * as Flags from '@oclif/core/flags'
import { environmentFlag, paceFlags, partFlags } from './configuration-flags.ts'
import { shown } from './flags.ts'
import { ReleaseCommand } from './release-command.ts'

/** `apply -destroy`, under the name that people look for. */
export default class Destroy extends ReleaseCommand {
  static override id = 'destroy'
  static override brief = 'archive everything that this configuration owns'
  static override summary = 'Archive everything that this configuration owns'
  static override description =
    'Shows what would be archived, and asks. Pointers go, versions and history stay: an apply brings the same versions back.'
  static override examples = ['flowrun destroy', "flowrun destroy -e dev --target 'prompt.greet' --yes"]
  static override exitCodes = 'Exit codes: 0 done, 1 error or declined, 130 interrupted.'
  static override flags = {
    ...environmentFlag,
    ...partFlags,
    concise: Flags.boolean({ helpGroup: 'What to show', summary: 'one line for each change' }),
    'compact-warnings': Flags.boolean({ helpGroup: 'What to show', summary: 'warnings as one line each' }),
    ...shown('What to show', 'format', 'json', 'no-color'),
    ...shown('How', 'yes', 'ask'),
    message: Flags.string({ helpGroup: 'How', helpValue: 'TEXT', summary: 'recorded with the release' }),
    'allow-protected': Flags.boolean({ helpGroup: 'How', summary: 'also in an environment with protected = true' }),
    ...paceFlags,
  }

  protected readonly alwaysDestroys = true
}
