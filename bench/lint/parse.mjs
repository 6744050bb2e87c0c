// The least that reading the files takes: each document parsed by the same library, and nothing made of it.
import { readdirSync, readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'

const folder = process.argv[2]
for (const name of readdirSync(folder)) parseAllDocuments(readFileSync(`${folder}/${name}`, 'utf8'))
