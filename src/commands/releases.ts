import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { listReleases } from '../operations/releases.ts'
import { releasesJson, releasesText } from '../views/releases.ts'
import { BaseCommand } from './base-command.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'
import { readSince } from './since.ts'

export default class Releases extends BaseCommand {
  static override id = 'releases'
  static override group = 'look' as const
  static override summary = 'List the releases of an environment: who made each, from what, and why'
  static override examples = ['flowrun releases', 'flowrun releases -e prod --since 7d']
  static override flags = {
    limit: Flags.integer({ helpGroup: 'What to show', helpValue: 'N', summary: 'at most so many', default: 20, min: 1 }),
    since: Flags.string({ helpGroup: 'What to show', helpValue: 'TIME', summary: 'from then on: 7d, 2026-11-14' }),
    ...shown('What to show', 'environment', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { flags } = await this.parse(Releases)
    const { limit, since } = flags
    const found = await listReleases(createApp(this.host), {
      ...this.chosenEnvironment(flags),
      limit,
      ...(since === undefined ? {} : { sinceMs: readSince(since, this.host.clock.now()) }),
    })
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({ text: () => releasesText(found.value, this.terminal.out.style), json: () => releasesJson(found.value) })
  }
}
