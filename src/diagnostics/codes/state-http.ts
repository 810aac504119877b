import type { CodePage } from './page.ts'

/** Of a state on a server that speaks Terraform's HTTP protocol. */
export const stateHttpCodes = {
  'state/unexpected-answer': {
    severity: 'error',
    since: '1.0',
    what: 'Something answers at the address of the state, and it is no server of states.',
    why: 'A page to sign in, or an error page, must not be taken for a state, nor for none.',
    cure: [
      'Check address, lock_address and unlock_address.',
      'A server that has other verbs: update_method, lock_method, unlock_method. GitLab takes PUT or POST, POST and DELETE.',
    ],
    see: ['state/unreachable'],
  },
  'state/foreign': {
    severity: 'error',
    since: '1.0',
    what: 'At the address of the state there is one that Terraform, another project or another environment wrote.',
    why: 'It is the only record of what that one owns. flowrun does not write over it.',
    cure: [
      'Give each environment an address of its own.',
      'If Terraform has written over a state of flowrun, restore the version before it on the server.',
    ],
    see: ['state/conflict'],
  },
  'state/bad-certificate': {
    severity: 'error',
    since: '1.0',
    what: 'A certificate or private key for the server of the state is no PEM text, or one of a pair is missing.',
    why: 'Without it the server would be asked under another name than was meant.',
    cure: ['Give both client_certificate_pem and client_private_key_pem, of one pair.', 'Take the key from secret("NAME").'],
    see: ['state/unreachable'],
  },
  'state/still-locked': {
    severity: 'error',
    since: '1.0',
    what: 'The command is done, and the server did not take its lock back.',
    why: 'A lock of this protocol does not expire: until somebody removes it, every other command finds it held.',
    cure: ['When the server answers again: flowrun force-unlock ID', 'The next command on this host removes it by itself.'],
    see: ['state/locked', 'state/unreachable'],
  },
  'state/without-lock': {
    severity: 'warning',
    since: '1.0',
    what: 'A state is kept on a server of the HTTP protocol, and nothing says where it is locked.',
    example: 'environment "dev" {\n  «state "http"» {\n    address = "https://state.example.com/dev"\n  }\n}\n',
    why: 'A release is guarded by the registry. A state alone, without lock and without ETags, keeps what was written last.',
    cure: [
      'Write lock_address, and unlock_address where it is another.',
      'A server without locks is safe where it answers GET with an ETag.',
    ],
    see: ['state/conflict', 'docs/state-backends.md'],
  },
  'state/not-written': {
    severity: 'error',
    since: '1.0',
    what: 'The release was made, and then the state could not be written.',
    why: 'A state that is kept apart from the registry is written after the release. Nothing is lost: what a state holds follows from the releases.',
    cure: ['Run any command that plans: it finds the release, knows it as its own, and the next apply writes the state.'],
    see: ['state/unreachable', 'state/conflict'],
  },
} as const satisfies Record<`state/${string}`, CodePage>
