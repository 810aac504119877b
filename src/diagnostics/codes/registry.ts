import type { CodePage } from './page.ts'

export const registryCodes = {
  'registry/busy': {
    severity: 'error',
    since: '0.1',
    what: 'Another process kept the registry file locked for longer than flowrun waits.',
    why: 'One process writes at a time; a write lasts milliseconds, so a lock of many seconds is held by a stopped process or another program.',
    cure: ['Try again.', 'Close programs that have .flowrun/state.db open, such as a database browser with an open transaction.'],
    see: ['state/locked'],
  },
  'registry/full': {
    severity: 'error',
    since: '0.1',
    what: 'The disk that holds the registry is full.',
    why: 'A release is written whole or not at all: the old one stays.',
    cure: ['Make room on the disk, then run the command again.'],
    see: ['registry/read-only'],
  },
  'registry/read-only': {
    severity: 'error',
    since: '0.1',
    what: 'The registry file, or its directory, cannot be written by this user.',
    why: 'A release is recorded in the file before it counts.',
    cure: [
      'Give this user the right to write the directory .flowrun and the files in it.',
      'Or keep local data elsewhere: FLOWRUN_DATA_DIR names the directory.',
    ],
    see: ['registry/full'],
  },
  'registry/unreadable': {
    severity: 'error',
    since: '0.1',
    what: 'The registry file could not be opened or read: the operating system refused.',
    why: 'Without the registry nobody knows what is deployed.',
    cure: [
      'Give this user the right to read the file, and the directories above it.',
      'Check the disk when the message speaks of input or output.',
    ],
    see: ['registry/corrupt'],
  },
  'registry/corrupt': {
    severity: 'error',
    since: '0.1',
    what: 'The registry file is damaged, or it is not a registry at all.',
    why: 'A damaged file is not written to: what is still in it could be lost.',
    cure: [
      'Restore .flowrun/state.db from a backup.',
      'Or move the file away and apply again: the configuration publishes everything anew, and history starts over.',
    ],
    see: ['state/corrupt', 'content/altered'],
  },
  'registry/newer-format': {
    severity: 'error',
    since: '0.1',
    what: 'The registry file was written by a newer flowrun, which asks older ones to stay away.',
    why: 'An older flowrun does not know what the newer one keeps there, and could break it.',
    cure: ['Upgrade flowrun to at least the version that the message names.'],
    see: ['state/newer-format'],
  },
  'registry/behind-state': {
    severity: 'error',
    since: '0.1',
    what: 'The state has seen a release that the registry does not have.',
    why: 'The registry was restored from an older backup. Applying now would give release and version numbers a second meaning.',
    cure: [
      'Restore a newer backup of the registry.',
      'Or accept the registry as it is, on purpose: flowrun apply --accept-registry REASON',
    ],
    see: ['state/other-registry', 'registry/integrity'],
  },
  'registry/integrity': {
    severity: 'error',
    since: '0.1',
    what: 'A version has another digest in the registry than in the state.',
    why: 'Versions are immutable. Either the registry or the state was changed by something other than flowrun, so nothing is applied.',
    cure: ['Restore the registry or the state from a backup, whichever was changed.', 'Check who changed what: flowrun audit verify'],
    see: ['registry/behind-state', 'state/corrupt'],
  },
} as const satisfies Record<`registry/${string}`, CodePage>
