/** What every server of this benchmark gets: the folder of its certificate, and its port on 127.0.0.1. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder = '', number = '0'] = process.argv.slice(2)

export const port = Number(number)
export const tls = { cert: readFileSync(join(folder, 'tls.crt'), 'utf8'), key: readFileSync(join(folder, 'tls.key'), 'utf8') } as const
