import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { listVersions } from '../operations/versions.ts'
import { versionsJson, versionsText } from '../views/versions.ts'
import { checkAddress } from './address.ts'
import { BaseCommand } from './base-command.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class Versions extends BaseCommand {
  static override id = 'versions'
  static override group = 'look' as const
  static override summary = 'List the versions of a block: where each is active, who made it, and why'
  static override examples = ['flowrun versions prompt.answer', 'flowrun versions prompt.answer --limit 3 --json']
  static override args = { address: Args.string({ required: true, description: 'prompt.NAME' }) }
  static override flags = {
    limit: Flags.integer({ helpGroup: 'What to show', helpValue: 'N', summary: 'at most so many', default: 20, min: 1 }),
    ...shown('What to show', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { args, flags } = await this.parse(Versions)
    const address = checkAddress(args.address, { haveVersion: false })
    const found = await listVersions(createApp(this.host), { ...this.chosenEnvironment(flags), limit: flags.limit }, address)
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({ text: () => versionsText(found.value, this.terminal.out.style), json: () => versionsJson(found.value) })
  }
}
