import type { CodePage } from './page.ts'

export const stateCodes = {
  'state/corrupt': {
    severity: 'error',
    since: '1.0',
    what: 'The stored state does not match its digest.',
    why: 'A state that was damaged could archive what is in use, or forget what is owned. What is deployed is in the registry, and safe.',
    cure: ['Go back to an earlier snapshot: flowrun state restore SERIAL', 'List them: flowrun state history'],
    see: ['registry/corrupt', 'registry/integrity'],
  },
  'state/locked': {
    severity: 'error',
    since: '1.0',
    what: 'Another command is changing this environment, and did not finish while this one waited.',
    why: 'Two changes at once cannot break anything, but one of them would plan for nothing.',
    cure: ['Wait for it: -lock-timeout=5m waits longer.', 'Only if its holder is gone for good: flowrun force-unlock ID'],
    see: ['registry/busy'],
  },
  'state/conflict': {
    severity: 'error',
    since: '1.0',
    what: 'The state was written by somebody else between reading it and writing it.',
    why: 'A write names the serial that it replaces, so that no write is ever lost.',
    cure: ['Run the command again: it starts from the new state.'],
    see: ['state/locked'],
  },
  'state/other-registry': {
    severity: 'error',
    since: '1.0',
    what: 'The state belongs to another registry than the one that the environment points to.',
    why: 'Release and version numbers mean something only in the registry that gave them.',
    cure: [
      'Point the target of the environment to the registry that the state is of.',
      'Or accept the new registry, on purpose: flowrun apply --accept-registry REASON',
    ],
    see: ['registry/behind-state'],
  },
  'state/newer-format': {
    severity: 'error',
    since: '1.0',
    what: 'The state was written by a newer flowrun, in a format that this one does not know.',
    why: 'Reading it as the format that is known could lose what the newer one keeps there.',
    cure: ['Upgrade flowrun to at least the version that wrote it.'],
    see: ['registry/newer-format'],
  },
  'state/unreachable': {
    severity: 'error',
    since: '1.0',
    what: 'The store of the state does not answer, or answers that it cannot now.',
    why: 'Without the state it is not known what this configuration owns. What cannot be read is never taken for empty.',
    cure: [
      'Check that it runs, and that this machine reaches it, and run the command again.',
      'Of state "http": a certificate of an authority of your own goes into client_ca_certificate_pem, and retry_max says how often it is tried again.',
    ],
    see: ['state/unauthorized', 'state/not-written'],
  },
  'state/unauthorized': {
    severity: 'error',
    since: '1.0',
    what: 'The store of the state does not accept who asks.',
    why: 'Whoever can write a state decides what an apply owns, so stores ask for credentials.',
    cure: [
      'Check the user and the password, and that the secret with it is the one of this environment.',
      'Of state "http": username and password, or TF_HTTP_USERNAME and TF_HTTP_PASSWORD; headers for a token; or a client certificate.',
    ],
    see: ['state/unreachable', 'secret/missing'],
  },
  'state/network-file-system': {
    severity: 'error',
    since: '1.0',
    what: 'The data directory is on a network file system.',
    why: 'SQLite needs file locks that network file systems do not keep, and a file there can be damaged by two machines at once.',
    cure: [
      'Keep local data on a local disk: FLOWRUN_DATA_DIR names the directory.',
      'To share deployments among machines, use a remote target or state backend.',
    ],
  },
  'state/cannot-decrypt': {
    severity: 'error',
    since: '1.0',
    what: 'The stored state is encrypted, and none of the keys of this configuration opens it.',
    why: 'A state that cannot be read is never taken for an empty one: the next apply would create everything anew.',
    cure: [
      'Give the key that it was written with: encryption { … } of the state in the environment block.',
      'After a change of the key, name the earlier one in previous { … }: it is only read with, and the next write is under the new one.',
      'If the key is lost, rebuild the state from the registry: flowrun state recover',
    ],
    see: ['state/corrupt', 'kms/no-key', 'secret/missing'],
  },
  'state/weak-passphrase': {
    severity: 'error',
    since: '1.0',
    what: 'The passphrase of the state is shorter than 16 characters.',
    why: 'Whoever has a copy of the state can try passphrases without end; one that a person can remember is found.',
    cure: ['Make one: openssl rand -base64 24', 'Keep the short one in previous { … } until the state was written anew.'],
    see: ['state/cannot-decrypt'],
  },
} as const satisfies Record<`state/${string}`, CodePage>
