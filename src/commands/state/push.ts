import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { systemErrorSentence } from '../../base/system-error.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import { pushState, type StateFile } from '../../operations/state/push.ts'
import type { ExitCode } from '../exit-codes.ts'
import { StateChangeCommand, stateChangeFlags } from './change-command.ts'

export default class StatePush extends StateChangeCommand {
  static override id = 'state push'
  static override summary = 'Make a state from a file the state of the environment'
  static override description =
    'FILE is what flowrun state pull has printed; - is standard input. What it owns, the registry says as well from then on. An older serial and another lineage are refused.'
  static override examples = ['flowrun state push backup.json', 'flowrun state push -force backup.json']
  static override args = { file: Args.string({ required: true }) }
  static override flags = {
    force: Flags.boolean({ helpGroup: 'How', summary: 'also an older serial or another lineage; audited', default: false }),
    ...stateChangeFlags,
  }

  async run(): Promise<ExitCode> {
    const { args, flags } = await this.parse(StatePush)
    const file = await this.#read(args.file)
    return this.change(flags, `${flags['dry-run'] ? 'Would push' : 'Pushed'} ${file.name}`, (host, options) =>
      pushState(host, { ...options, force: flags.force }, file),
    )
  }

  async #read(name: string): Promise<StateFile> {
    if (name === '-') return { name: 'standard input', text: await text(this.host.stdin) }
    try {
      return { name, text: readFileSync(resolve(this.host.workingFolder(), name), 'utf8') }
    } catch (error) {
      throw new OperationError(
        { code: 'state/not-a-state', summary: `"${name}" cannot be read`, detail: `${systemErrorSentence(error)} Nothing was changed.` },
        { cause: error },
      )
    }
  }
}
