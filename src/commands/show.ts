import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { readSavedPlan } from '../operations/saved-plan.ts'
import { showDeployed, showVersion } from '../operations/show.ts'
import { artifactJson, artifactText, deploymentJson, deploymentText } from '../views/artifact.ts'
import { planJson } from '../views/plan-json.ts'
import { planText } from '../views/plan-text.ts'
import { checkAddress } from './address.ts'
import { BaseCommand } from './base-command.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class Show extends BaseCommand {
  static override id = 'show'
  static override group = 'look' as const
  static override brief = 'what is deployed, or what a saved plan would do'
  static override summary = 'Show what is deployed, one version, or what a saved plan would do'
  static override examples = ['flowrun show', 'flowrun show prompt.answer@8 --content', 'flowrun show release.plan --json']
  static override args = { subject: Args.string({ description: 'a saved plan, ADDRESS or ADDRESS@N' }) }
  static override flags = {
    content: Flags.boolean({ helpGroup: 'What to show', summary: 'texts whole' }),
    ...shown('What to show', 'environment', 'json', 'no-color'),
  }

  async run(): Promise<ExitCode> {
    const { args, flags } = await this.parse(Show)
    const app = createApp(this.host)
    const { style } = this.terminal.out
    if (args.subject === undefined) {
      const found = await showDeployed(app, this.chosenEnvironment(flags))
      if (found.outcome === 'invalid') return this.report(found.diagnostics)
      return this.present({ text: () => deploymentText(found.value, style), json: () => deploymentJson(found.value) })
    }
    const file = resolve(this.host.workingFolder(), args.subject)
    if (existsSync(file)) {
      const plan = readSavedPlan({ path: file, name: args.subject })
      return this.present({
        text: () => planText(plan, style, { nowMs: this.host.clock.now(), verbose: flags.verbose }),
        json: () => planJson(plan),
      })
    }
    const found = await showVersion(app, this.chosenEnvironment(flags), checkAddress(args.subject, { haveVersion: true }))
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({ text: () => artifactText(found.value, style, { content: flags.content }), json: () => artifactJson(found.value) })
  }
}
