#!/usr/bin/env node
/** Runs the demonstration and records it for the README: docs/guide/demo.cast, and docs/guide/demo.svg made of it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCast, withoutIdling, writeCast, type Output } from './recording/cast.ts'
import { castToSvg } from './recording/svg.ts'

const DOCS = join(import.meta.dirname, '../../docs/guide')
const [CAST, PICTURE] = [join(DOCS, 'demo.cast'), join(DOCS, 'demo.svg')]
/** Columns and rows. */
const [WIDTH, HEIGHT] = [168, 34]
/** Seconds. The times within the lines stay what they are. */
const LONGEST_PAUSE = 1.2

const args = process.argv.slice(2)
// --picture: of the recording that is there.
if (!args.includes('--picture')) await record()
writeFileSync(PICTURE, castToSvg(withoutIdling(readCast(readFileSync(CAST, 'utf8')), LONGEST_PAUSE)))

async function record(): Promise<void> {
  const begin = performance.now()
  const outputs: Output[] = []
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], { env: { ...process.env, FORCE_COLOR: '1' }, stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text)
    outputs.push({ at: (performance.now() - begin) / 1000, text: text.replaceAll('\n', '\r\n') })
  })
  const [code] = await once(child, 'close') as [number | null]
  if (code !== 0) throw new Error(`The demonstration ended with code ${String(code)}: nothing is recorded.`)
  writeFileSync(CAST, writeCast({ title: 'make demo', width: WIDTH, height: HEIGHT, outputs }))
}
