import Runs from '../runs.ts'

export default class RunsList extends Runs {
  static override id = 'runs list'
  static override hidden = true
  static override brief = undefined
}
