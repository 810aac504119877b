import { flowrunVersion } from '../base/version.ts'
import { versionJson, versionText } from '../views/version.ts'
import { BaseCommand } from './base-command.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class Version extends BaseCommand {
  static override id = 'version'
  static override summary = 'Show the version of flowrun and of what it runs on'
  static override examples = ['flowrun version', 'flowrun version --json']
  static override flags = shown('What to show', 'json')

  async run(): Promise<ExitCode> {
    const version = { flowrun: flowrunVersion, node: process.versions.node, platform: process.platform, arch: process.arch }
    return this.present({ text: () => versionText(version), json: () => versionJson(version) })
  }
}
