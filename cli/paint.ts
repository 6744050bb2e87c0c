/** Colours, where the output is a terminal that has them. */
import { styleText } from 'node:util'
import type { CliEnvironment } from './environment.ts'

export type Colour = 'green' | 'yellow' | 'red' | 'bold' | 'dim'
export type Paint = (text: string, colour: Colour) => string

export const plain: Paint = (text) => text

export const paintFor = ({ terminal }: Pick<CliEnvironment, 'terminal'>): Paint =>
  terminal?.colour === true ? (text, colour) => styleText(colour, text, { validateStream: false }) : plain
