#!/usr/bin/env node
/** Runs the demonstration and records it for the README: docs/guide/demo.cast, and docs/guide/demo.svg made of it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readArguments, runCommand } from '../cluster/command.ts'
import { ClusterError } from '../cluster/errors.ts'
import { writeCast, type Output } from './recording/cast.ts'
import { pictureOf } from './recording/svg.ts'

const DOCS = join(import.meta.dirname, '../../docs/guide')
const [CAST, PICTURE] = [join(DOCS, 'demo.cast'), join(DOCS, 'demo.svg')]
/** Columns and rows. */
const [WIDTH, HEIGHT] = [168, 34]

const USAGE = 'usage: node_modules/.bin/node e2e/demo/record.ts, or with --picture: only the picture, of the recording that is there'

// It is that of `make demo`, with its name and all of its apps: there is nothing to choose.
await runCommand(async () => {
  const { command, values } = readArguments(USAGE, { picture: { type: 'boolean', default: false } })
  if (command !== undefined) throw new ClusterError(USAGE)
  if (!values.picture) await record()
  writeFileSync(PICTURE, pictureOf(readFileSync(CAST, 'utf8')))
})

async function record(): Promise<void> {
  const begin = performance.now()
  const outputs: Output[] = []
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], { env: { ...process.env, FORCE_COLOR: '1', KEEP: undefined }, stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text)
    outputs.push({ at: (performance.now() - begin) / 1000, text: text.replaceAll('\n', '\r\n') })
  })
  const [code] = await once(child, 'close') as [number | null]
  if (code !== 0) throw new ClusterError(`The demonstration ended with code ${String(code)}: nothing is recorded.`)
  writeFileSync(CAST, writeCast({ title: 'make demo', width: WIDTH, height: HEIGHT, outputs }))
}
