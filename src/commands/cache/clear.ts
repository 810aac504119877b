import * as Flags from '@oclif/core/flags'
import { createApp } from '../../app.ts'
import { clearCache } from '../../operations/cache.ts'
import { clearedJson, clearedText } from '../../views/cache.ts'
import { checkAddress } from '../address.ts'
import { BaseCommand } from '../base-command.ts'
import { readDuration } from '../configuration-flags.ts'
import type { ExitCode } from '../exit-codes.ts'
import { shown } from '../flags.ts'

export default class CacheClear extends BaseCommand {
  static override id = 'cache clear'
  static override group = 'operate' as const
  static override hidden = true
  static override summary = 'Forget answers that are kept for equal calls'
  static override description =
    'Of one environment. Equal calls ask a model again, and are paid again. Runs that have begun are not changed.'
  static override examples = ['flowrun cache clear', 'flowrun cache clear -e prod --model model.fast', 'flowrun cache clear --older 7d']
  static override flags = {
    model: Flags.string({ helpGroup: 'What to clear', helpValue: 'ADDRESS', summary: 'only answers of this model' }),
    older: Flags.string({ helpGroup: 'What to clear', helpValue: 'TIME', summary: 'only what was kept longer ago than that: 7d' }),
    ...shown('What to clear', 'environment', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { flags } = await this.parse(CacheClear)
    const { model, older } = flags
    const found = await clearCache(createApp(this.host), {
      ...this.chosenEnvironment(flags),
      ...(model === undefined ? {} : { model: checkAddress(model, { haveVersion: false }) }),
      ...(older === undefined ? {} : { olderThanMs: readDuration('older', older) }),
    })
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({ text: () => clearedText(found.value), json: () => clearedJson(found.value) })
  }
}
