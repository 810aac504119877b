import Audit from '../audit.ts'

/** What `audit` alone means. */
export default class AuditList extends Audit {
  static override id = 'audit list'
  static override hidden = true
}
