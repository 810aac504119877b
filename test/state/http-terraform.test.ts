import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import type { StateBackend } from '../../src/state/backend.ts'
import { stateWrite } from '../../src/state/encoding.ts'
import { thisHolder } from '../../src/state/process.ts'
import { terraformVersion } from '../bench/terraform.ts'
import { snapshotOf } from '../conformance/state-backend.ts'
import { httpStateAt } from '../support/http-state.ts'
import { type StateRequest, type StateServer, startStateServer } from '../support/state-server.ts'

const version = terraformVersion()
const holder = thisHolder('apply', '1.0.0', systemClock)

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Terraform itself as the second client of an address. */
interface SecondClient {
  readonly folder: string
  terraform(...argv: readonly string[]): Promise<Ended>
}

function flowrunAt(t: Test, { url }: StateServer): StateBackend {
  const backend = httpStateAt(`${url}/state`)
  t.teardown(() => backend.close())
  return backend
}

async function terraformAt(t: Test, { url }: StateServer, resources: string): Promise<SecondClient> {
  const backend = `backend "http" {\n    address = "${url}/state"\n    lock_address = "${url}/state"\n    unlock_address = "${url}/state"\n    retry_max = 0\n  }`
  const folder = t.testdir({ 'main.tf': `terraform {\n  ${backend}\n}\n\n${resources}` })
  const terraform = (...argv: readonly string[]) =>
    new Promise<Ended>(resolve => {
      const env = { ...process.env, TF_IN_AUTOMATION: '1', CHECKPOINT_DISABLE: '1', NO_COLOR: '1' }
      execFile('terraform', [...argv], { cwd: folder, env, timeout: 60_000 }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
      )
    })
  const { code, stderr } = await terraform('init', '-input=false')
  if (code !== 0) throw new Error(stderr)
  return { folder, terraform }
}

/** Reported as skipped, with the reason, where there is no Terraform. */
function withTerraform(title: string, run: (t: Test) => Promise<void>): void {
  t.test(title, { skip: version === undefined && 'there is no terraform on PATH', timeout: 120_000 }, run)
}

withTerraform('LOCK-1: while flowrun has the lock, Terraform is refused and names it', async t => {
  const server = await startStateServer()
  t.teardown(() => server.close())
  const flowrun = flowrunAt(t, server)
  const { terraform } = await terraformAt(t, server, 'resource "terraform_data" "a" {}\n')
  const taken = await flowrun.lock('dev', holder)
  if (taken.outcome !== 'locked') throw new Error('the lock is not free')
  const refused = await terraform('apply', '-auto-approve', '-input=false', '-no-color', '-lock-timeout=0s')
  t.equal(refused.code, 1)
  t.match(refused.stderr, taken.lock.id)
  t.equal(server.stored('/state'), undefined, 'it has written nothing')
  await taken.lock.release()
  t.match(await terraform('apply', '-auto-approve', '-input=false', '-no-color', '-lock-timeout=0s'), { code: 0 })
})

withTerraform('LOCK-3: while Terraform has the lock, flowrun names it; its state is not ours', async t => {
  let sawLock: (() => void) | undefined
  const locked = new Promise<void>(resolve => {
    sawLock = resolve
  })
  const onDone = ({ method }: StateRequest) => {
    if (method === 'LOCK') sawLock?.()
  }
  const server = await startStateServer({ onDone })
  t.teardown(() => server.close())
  const flowrun = flowrunAt(t, server)
  const waits = 'resource "terraform_data" "a" {\n  provisioner "local-exec" { command = "until [ -e go ]; do sleep 0.02; done" }\n}\n'
  const { folder, terraform } = await terraformAt(t, server, waits)
  const applied = terraform('apply', '-auto-approve', '-input=false', '-no-color')
  await locked
  const id = JSON.parse(server.lockOf('/state') ?? '{}').ID
  t.match(await flowrun.lock('dev', holder), {
    outcome: 'held',
    by: { id, user: holder.user, host: holder.host, operation: `apply of Terraform or OpenTofu ${version}`, pid: 0 },
  })
  t.match(await flowrun.currentLock('dev'), { id })
  writeFileSync(join(folder, 'go'), '')
  t.match(await applied, { code: 0 })

  const before = server.stored('/state')
  const foreign = {
    code: 'state/foreign',
    diagnostic: { detail: new RegExp(`^Terraform or OpenTofu ${version} wrote it: serial \\d+, 1 resource\\.`) },
  }
  await t.rejects(flowrun.read('dev'), foreign)
  await t.rejects(flowrun.write('dev', stateWrite(snapshotOf(1), null)), foreign)
  t.equal(server.stored('/state'), before)
})

withTerraform('a state of flowrun is one of Terraform: it is pulled, its outputs are read, and a lock of ours can be removed', async t => {
  const server = await startStateServer()
  t.teardown(() => server.close())
  const flowrun = flowrunAt(t, server)
  const outputs = new Map([
    ['url', { sensitive: false, type: 'string', value: 'https://example.com' } as const],
    ['limits', { sensitive: false, type: 'any', value: { rate: 1.5, on: true, tags: ['a', null], none: [] } } as const],
    ['key', { sensitive: true, type: 'string' } as const],
  ])
  await flowrun.write('dev', stateWrite(snapshotOf(1, { outputs }), null))
  const { folder, terraform } = await terraformAt(t, server, '')
  const pulled = await terraform('state', 'pull')
  t.match(JSON.parse(pulled.stdout), { version: 4, serial: 1, lineage: 'lineage-a', resources: [] })
  t.match(JSON.parse((await terraform('output', '-json')).stdout), {
    url: { value: 'https://example.com' },
    limits: { value: { rate: 1.5, on: true, tags: ['a', null], none: [] } },
  })

  const taken = await flowrun.lock('dev', holder)
  if (taken.outcome !== 'locked') throw new Error('the lock is not free')
  t.match(await terraform('force-unlock', '-force', taken.lock.id), { code: 0 })
  t.equal(server.lockOf('/state'), undefined)

  const own = server.stored('/state')
  const other = {
    version: 4,
    terraform_version: version,
    serial: 7,
    lineage: '0c1e9a71-ca1c-3917-3126-4f6a50aab765',
    outputs: {},
    resources: [],
  }
  writeFileSync(join(folder, 'other.tfstate'), JSON.stringify(other))
  t.match(await terraform('state', 'push', 'other.tfstate'), { code: 1 }, 'Terraform knows that the lineage is another')
  t.equal(server.stored('/state'), own)
  t.match(await terraform('state', 'push', '-force', 'other.tfstate'), { code: 0 })
  await t.rejects(flowrun.read('dev'), { code: 'state/foreign', diagnostic: { detail: /wrote it: serial \d+, 0 resources\./ } })
})
