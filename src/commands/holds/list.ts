import Holds from '../holds.ts'

/** What `holds` alone means. */
export default class HoldsList extends Holds {
  static override id = 'holds list'
  static override hidden = true
}
