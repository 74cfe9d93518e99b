/** The composition root: finds the command and loads what it needs, and nothing else. */

interface Command {
  readonly summary: string
  run(args: readonly string[]): Promise<number>
}

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  [
    'serve',
    {
      summary: 'run the gate (--config FILE; --check only says what is wrong with it)',
      run: async args => (await import('./main/serve.ts')).serve(args),
    },
  ],
  [
    'init',
    {
      summary: 'write a commented starting configuration',
      run: async args => (await import('./main/offline.ts')).init(args),
    },
  ],
  [
    'policy',
    {
      summary: 'check, explain and test policies',
      run: async args => (await import('./main/offline-policy.ts')).policy(args),
    },
  ],
  [
    'sessions',
    {
      summary: 'list, show, replay, follow, search and verify what was recorded',
      run: async args => (await import('./main/offline-sessions.ts')).sessions(args),
    },
  ],
  [
    'verify-proof',
    {
      summary: 'check the proof of one recorded event with a public key',
      run: async args => (await import('./main/offline-proof.ts')).verifyProof(args),
    },
  ],
  [
    'review',
    {
      summary: 'what roles did against what they may do, for an auditor',
      run: async args => (await import('./main/offline-review.ts')).review(args),
    },
  ],
  [
    'approvals',
    {
      summary: 'list, show, approve, deny and revoke access requests',
      run: async args => (await import('./main/offline-approvals.ts')).approvals(args),
    },
  ],
  [
    'request',
    {
      summary: 'ask for standing access ahead of time',
      run: async args => (await import('./main/offline-approvals.ts')).request(args),
    },
  ],
  [
    'reconcile',
    {
      summary: 'find calls in CloudTrail that did not come through the gate',
      run: async args => (await import('./main/offline-reconcile.ts')).reconcile(args),
    },
  ],
  [
    'token',
    {
      summary: 'print a password for a database behind the gate',
      run: async args => (await import('./main/offline-databases.ts')).token(args),
    },
  ],
  [
    'connect',
    {
      summary: 'open psql or mysql on a database behind the gate',
      run: async args => (await import('./main/offline-databases.ts')).connect(args),
    },
  ],
  [
    'keys',
    {
      summary: 'rotate the key that seals credentials',
      run: async args => (await import('./main/offline-keys.ts')).keys(args),
    },
  ],
  [
    'version',
    { summary: 'print the version', run: async () => (await import('./main/offline.ts')).version() },
  ],
])

function help(): string {
  const rows = [...COMMANDS].map(([name, command]) => `  ${name.padEnd(14)}${command.summary}`)
  return `sallyport: a gate for AWS\n\nusage: sallyport COMMAND [options]\n\n${rows.join('\n')}\n\nCOMMAND --help tells more.\n`
}

async function main(args: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = args
  if (name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(help())
    return 0
  }
  const command = COMMANDS.get(name === '--version' ? 'version' : name)
  if (!command) {
    process.stderr.write(`sallyport: there is no command \`${name}\`\n\n${help()}`)
    return 2
  }
  return command.run(rest)
}

// Not process.exit(): what has been printed into a pipe must get out first.
process.exitCode = await main(process.argv.slice(2))
