import type { CodePage } from './page.ts'

export const auditCodes = {
  'audit/broken': {
    severity: 'error',
    since: '1.0',
    what: 'The audit log was changed by something other than flowrun: a row was altered, removed, swapped or inserted.',
    why: 'Each row has the hash of the row before it. From the first row that does not fit, the log proves nothing.',
    cure: [
      'Compare with a backup or an export from before: flowrun audit --export FILE.',
      'Rows before the named one are as they were written.',
    ],
    see: ['audit/other-history'],
  },
  'audit/other-history': {
    severity: 'error',
    since: '1.0',
    what: 'The audit log fits together, and is not the one that the checkpoint was taken of.',
    why: 'Whoever can write the file can cut its end, or write it all anew; only what is kept elsewhere shows that.',
    cure: ['Restore the registry from a backup that has the row of the checkpoint.'],
    see: ['audit/broken'],
  },
} as const satisfies Record<`audit/${string}`, CodePage>
