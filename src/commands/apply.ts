import { planArgument, ReleaseCommand, releaseFlags } from './release-command.ts'

export default class Apply extends ReleaseCommand {
  static override id = 'apply'
  static override brief = 'make a release of it'
  static override summary = 'Make a release of the configuration, or of a saved plan'
  static override description = 'Without PLAN it plans, shows the plan, and asks. With PLAN it does exactly that, and asks nothing.'
  static override examples = ['flowrun apply', 'flowrun apply -e prod --yes -message "Shorter answers"', 'flowrun apply release.plan']
  static override exitCodes = 'Exit codes: 0 done, 1 error or declined, 3 refused by a hold, 130 interrupted.'
  static override args = planArgument
  static override flags = releaseFlags

  protected readonly alwaysDestroys = false
}
