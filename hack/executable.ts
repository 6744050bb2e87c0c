/** `make cli`: the command line as one file that needs no Node, named so that kubectl finds it as a plug-in. */
import { execFile } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { SCRIPTS } from '../cli/completion/scripts.ts'
import { bundleFile } from './bundle.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** `kubectl kubeskippy ...` runs it; as kubectl has it, a dash parts the words of a command. */
const NAME = 'kubectl-kubeskippy'
const COMPLETES = 'kubectl_complete-kubeskippy'
/** Node looks for what it is to run behind this mark, which every build of it has. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

/** @returns path of the program */
export async function makeExecutable(folder: string): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'kubeskippy-executable-'))
  const program = join(folder, NAME)
  try {
    const [main, config, blob] = ['main.cjs', 'config.json', 'blob'].map((name) => join(work, name)) as [string, string, string]
    await bundleFile(main)
    writeFileSync(config, JSON.stringify({ main, output: blob, disableExperimentalSEAWarning: true, useCodeCache: true }))
    await run(process.execPath, ['--experimental-sea-config', config])
    mkdirSync(folder, { recursive: true })
    // A running one cannot be written to, and a hard link would change Node itself.
    rmSync(program, { force: true })
    copyFileSync(process.execPath, program)
    chmodSync(program, 0o755)
    await run(join(ROOT, 'node_modules/.bin/postject'), [program, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE])
    // Beside it on the PATH, so that kubectl completes the plug-in's words.
    const completes = join(folder, COMPLETES)
    writeFileSync(completes, SCRIPTS.kubectl)
    chmodSync(completes, 0o755)
  } finally {
    rmSync(work, { recursive: true })
  }
  return program
}

if (import.meta.main) {
  const [folder = join(ROOT, 'dist')] = process.argv.slice(2)
  console.log(relative(process.cwd(), await makeExecutable(folder)))
}
