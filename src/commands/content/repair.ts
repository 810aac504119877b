import { createApp } from '../../app.ts'
import { repairContents } from '../../operations/content-repair.ts'
import { contentRepairJson, contentRepairText } from '../../views/content-repair.ts'
import { BaseCommand } from '../base-command.ts'
import { environmentFlag, readVariables, variableFlags } from '../configuration-flags.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { shown } from '../flags.ts'

export default class ContentRepair extends BaseCommand {
  static override id = 'content repair'
  static override group = 'look' as const
  static override summary = 'Put lost or altered texts back that the working copy has'
  static override description =
    'Reads the contents of what is active, and of versions that the working copy has. Those that are damaged and are here, by digest, are uploaded again. It publishes nothing.'
  static override examples = ['flowrun content repair -e prod']
  static override exitCodes = 'Exit codes: 0 done, 1 error, or some are damaged still.'
  static override flags = { ...environmentFlag, ...variableFlags, ...shown('What to show', 'json') }

  async run(): Promise<ExitCode> {
    const { flags, raw } = await this.parse(ContentRepair)
    const options = { ...this.chosenEnvironment(flags), variables: readVariables(raw) }
    const result = await repairContents(createApp(this.host), options)
    if (result.outcome === 'invalid') return this.report(result.diagnostics)
    const { repair } = result
    const isWhole = repair.damaged.every(({ repaired }) => repaired)
    return this.present(
      { text: () => contentRepairText(repair, this.terminal.out.style), json: () => contentRepairJson(repair) },
      isWhole ? exitCodes.done : exitCodes.error,
    )
  }
}
