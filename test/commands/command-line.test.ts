import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { InvariantFailure } from '../../src/base/invariant.ts'
import { type FlagShapes, readArguments, splitCommand } from '../../src/commands/arguments.ts'
import { showCrash } from '../../src/commands/crash.ts'
import { chooseFormat, machineFormatOf, readAlso } from '../../src/commands/formats.ts'
import type { Host } from '../../src/commands/host.ts'
import { splitWords } from '../../src/commands/words.ts'
import { OperationError } from '../../src/diagnostics/operation-error.ts'
import { createTerminal } from '../../src/views/terminal.ts'

const shapes: FlagShapes = {
  environment: { type: 'option', char: 'e' },
  var: { type: 'option', multiple: true },
  'var-file': { type: 'option' },
  refresh: { type: 'boolean' },
  yes: { type: 'boolean', char: 'y', aliases: ['auto-approve'] },
  verbose: { type: 'boolean', char: 'v' },
}

const read = (...words: string[]) => {
  const { flags, positionals } = readArguments('plan', words, shapes)
  return { flags: Object.fromEntries(flags), positionals }
}

/** The diagnostic that the action throws. */
function refusal(action: () => unknown) {
  try {
    action()
  } catch (error) {
    if (error instanceof OperationError) return `${error.diagnostic.summary} [${error.code}] ${error.diagnostic.detail ?? ''}`
    throw error
  }
  return 'nothing was thrown'
}

t.test('long flags take one dash or two, with = or a blank', t => {
  for (const word of ['-var', '--var']) {
    t.same(read(word, 'n=3'), { flags: { var: ['n=3'] }, positionals: [] })
    t.same(read(`${word}=n=3`), { flags: { var: ['n=3'] }, positionals: [] })
  }
  t.same(read('-var', 'a=1', 'x', '--var=b=2'), { flags: { var: ['a=1', 'b=2'] }, positionals: ['x'] })
  t.same(read('-e', 'dev', '--environment=prod'), { flags: { environment: ['prod'] }, positionals: [] }, 'the last one wins')
  t.same(read('-refresh=false', '-y', '-v'), { flags: { refresh: false, yes: true, verbose: true }, positionals: [] })
  t.same(read('-auto-approve'), { flags: { yes: true }, positionals: [] })
  t.same(read('--', '-y', '--var'), { flags: {}, positionals: ['-y', '--var'] }, '-- ends flags')
  t.same(read('-', '-5'), { flags: {}, positionals: ['-', '-5'] })
  t.same(read('-var', '-'), { flags: { var: ['-'] }, positionals: [] })
  t.same(read('-var', '-x=1'), { flags: { var: ['-x=1'] }, positionals: [] }, 'a value may begin with a dash')
  t.same(read('-var=-y'), { flags: { var: ['-y'] }, positionals: [] })
  t.same(read('-var='), { flags: { var: [''] }, positionals: [] })
  t.end()
})

t.test('what is wrong with a flag is said with its name', t => {
  t.equal(
    refusal(() => read('--vra', 'x')),
    'plan has no flag "--vra" [cli/unknown-flag] Did you mean --var? All flags: flowrun plan --help',
  )
  t.equal(
    refusal(() => read('-yv')),
    'plan has no flag "-yv" [cli/unknown-flag] All flags: flowrun plan --help',
    'short flags do not bundle',
  )
  t.equal(
    refusal(() => read('--y')),
    'plan has no flag "--y" [cli/unknown-flag] All flags: flowrun plan --help',
  )
  t.equal(
    refusal(() => read('-var')),
    '-var needs a value [cli/bad-flag-value] Write -var=VALUE or -var VALUE.',
  )
  t.equal(
    refusal(() => read('-var', '-y')),
    '-var needs a value [cli/bad-flag-value] -y is a flag of its own. If it is the value, write -var=-y.',
  )
  t.equal(
    refusal(() => read('-y=perhaps')),
    '-y is true or false, not "perhaps" [cli/bad-flag-value] ',
  )
  for (const name of ['--__proto__', '--constructor', '-toString'])
    t.match(
      refusal(() => read(name)),
      /has no flag/,
    )
  t.end()
})

t.test('global flags may stand before the command', t => {
  t.same(splitCommand(['-chdir=x', '-e', 'prod', 'plan', '-y'], { ...shapes, chdir: { type: 'option' } }), {
    before: ['-chdir=x', '-e', 'prod'],
    rest: ['plan', '-y'],
  })
  t.same(splitCommand(['-y', 'plan'], shapes), { before: ['-y'], rest: ['plan'] })
  t.same(splitCommand([], shapes), { before: [], rest: [] })
  t.end()
})

t.test('words are split as a shell splits them', t => {
  t.same(splitWords(`-var 'a=b c' --x="1 \\"2\\"" y\\ z ''`), ['-var', 'a=b c', '--x=1 "2"', 'y z', ''])
  t.same(splitWords('  '), [])
  t.same(splitWords(`it's`), ['it', 's'], 'an open quote ends nothing')
  t.end()
})

t.test('--json is the stream where Terraform has one, else one document', t => {
  const streaming = { formats: ['text', 'json', 'jsonl'] as const, streamsJson: true }
  const plain = { formats: ['text', 'json'] as const, streamsJson: false }
  t.equal(chooseFormat('plan', { json: true }, streaming), 'jsonl')
  t.equal(chooseFormat('plan', { format: 'json' }, streaming), 'json')
  t.equal(chooseFormat('show', { json: true }, plain), 'json')
  t.equal(chooseFormat('show', {}, plain), 'text')
  t.match(
    refusal(() => chooseFormat('show', { jsonl: true }, plain)),
    /--jsonl: show does not know the format "jsonl"/,
  )
  t.same(readAlso(['json=a=b.json'], 'show', plain.formats), [{ format: 'json', file: 'a=b.json' }])
  t.match(
    refusal(() => readAlso(['plan.json'], 'show', plain.formats)),
    /--also is FORMAT=FILE, not "plan\.json"/,
  )
  t.equal(machineFormatOf(['-json'], streaming), 'jsonl')
  t.equal(machineFormatOf(['--', '-json'], streaming), 'text')
  t.equal(machineFormatOf(['--format=json'], plain), 'json')
  t.end()
})

interface Looks {
  readonly environment?: Record<string, string>
  readonly terminal?: boolean
  readonly columns?: number
  readonly noColor?: boolean
}

function terminalOf({ environment = {}, terminal = false, columns = 90, noColor = false }: Looks) {
  const stream = () => Object.assign(new PassThrough(), { isTTY: terminal, columns })
  return createTerminal({ environment, stdin: stream(), stdout: stream(), stderr: stream(), noColor })
}

t.test('colour: the first that matches decides', t => {
  const colored = (looks: Looks) => terminalOf(looks).out.style.paint.colored
  t.equal(colored({}), false)
  t.equal(colored({ terminal: true }), true)
  t.equal(colored({ terminal: true, noColor: true, environment: { FORCE_COLOR: '1' } }), false)
  t.equal(colored({ terminal: true, environment: { NO_COLOR: '1', FORCE_COLOR: '1' } }), false)
  t.equal(colored({ terminal: true, environment: { NO_COLOR: '' } }), true)
  t.equal(colored({ environment: { FORCE_COLOR: '1', TERM: 'dumb' } }), true)
  t.equal(colored({ environment: { FORCE_COLOR: '0' } }), false)
  t.equal(colored({ terminal: true, environment: { TERM: 'dumb' } }), false)
  t.equal(colored({ environment: { GITHUB_ACTIONS: 'true' } }), true)
  t.end()
})

t.test('width and glyphs', t => {
  const style = (looks: Looks) => terminalOf(looks).out.style
  t.equal(style({}).width, 80)
  t.equal(style({ terminal: true }).width, 90)
  t.equal(style({ terminal: true, columns: 40 }).width, 60)
  t.equal(style({ terminal: true, columns: 400 }).width, 100)
  t.equal(style({ environment: { COLUMNS: '72' } }).width, 72)
  t.equal(style({ environment: { LANG: 'de_DE.UTF-8' } }).glyphs.bar, '│')
  t.equal(style({ environment: { LC_ALL: 'C', LANG: 'de_DE.UTF-8' } }).glyphs.bar, '|')
  t.equal(style({ environment: { FLOWRUN_ASCII: '1' } }).glyphs.arrow, '->')
  t.end()
})

t.test('questions need a terminal, and somebody at it', async t => {
  t.equal(terminalOf({ terminal: true }).canAsk, true)
  t.equal(terminalOf({}).canAsk, false)
  for (const environment of [{ CI: 'true' }, { FLOWRUN_INPUT: 'false' }]) t.equal(terminalOf({ terminal: true, environment }).canAsk, false)
  const [stdin, stderr] = [new PassThrough(), new PassThrough()]
  const terminal = createTerminal({ environment: {}, stdin, stdout: new PassThrough(), stderr })
  stdin.end()
  t.equal(await terminal.ask('Go on? '), undefined, 'the end of input is no answer')
})

t.test('3.46 a bug of ours is told as one, and its report holds nothing of the user', t => {
  const folder = mkdtempSync(join(tmpdir(), 'crash-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const stderr = new PassThrough()
  const host: Host = {
    environment: { FLOWRUN_DATA_DIR: folder },
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr,
    clock: { now: () => Date.UTC(2026, 10, 21, 14, 2, 11), monotonic: () => 0 },
    random: size => new Uint8Array(size),
    workingFolder: () => folder,
    changeFolder: () => {},
  }
  t.equal(showCrash(new InvariantFailure('plan/lost-block', 'the planner lost the block prompt.answer'), 'plan', host), 70)
  const text = String(stderr.read())
  t.match(text, /^flowrun has a bug: the planner lost the block prompt\.answer\. This is not your fault\.\n\n {2}Nothing was changed\.\n/)
  t.match(text, /is in .*crash-20261121-140211\.json\.\n/)
  t.match(text, /\nflowrun \d+\.\d+\.\d+, Node \d+\.\d+\.\d+, \w+ \w+, invariant plan\/lost-block at /)

  showCrash(new TypeError('the secret is sk-canary-1234'), 'run', host)
  t.notMatch(String(stderr.read()), /canary/)
  for (const file of readdirSync(folder)) t.notMatch(readFileSync(join(folder, file), 'utf8'), /canary/)
  t.equal(showCrash('thrown text', 'run', { ...host, environment: { FLOWRUN_DATA_DIR: '/dev/null/x' } }), 70)
  t.match(String(stderr.read()), /A report could not be written/)
  t.end()
})
