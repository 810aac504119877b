import { createApp } from '../app.ts'
import { readCache } from '../operations/cache.ts'
import { cacheJson, cacheText } from '../views/cache.ts'
import { BaseCommand } from './base-command.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class Cache extends BaseCommand {
  static override id = 'cache'
  static override group = 'operate' as const
  static override brief = 'answers that are kept for equal calls; cache clear'
  static override summary = 'Show what answers are kept for equal calls, and what they saved'
  static override description =
    'Answers of prompts with a cache block are kept where the environment says. A hit costs nothing. Clear them with flowrun cache clear.'
  static override examples = ['flowrun cache', 'flowrun cache -e prod --json', 'flowrun cache clear --model model.fast --older 7d']
  static override flags = shown('What to show', 'environment', 'json')

  async run(): Promise<ExitCode> {
    const { flags } = await this.parse(Cache)
    const found = await readCache(createApp(this.host), this.chosenEnvironment(flags))
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({ text: () => cacheText(found.value, this.terminal.out.style), json: () => cacheJson(found.value) })
  }
}
