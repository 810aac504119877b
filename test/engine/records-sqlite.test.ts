import t from 'tap'
import { recordStoreContract } from '../conformance/record-store.ts'
import { openRecords } from '../support/runs.ts'

recordStoreContract(t, 'sqlite', t => {
  const directory = t.testdir()
  return { open: clock => openRecords(directory, clock) }
})
